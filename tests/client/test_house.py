"""The client is complete and tidy, whatever the API grows into."""

from __future__ import annotations

import importlib
import inspect
import json
import re
from typing import Any

import pytest
from google.protobuf.descriptor_pool import Default

import carillon
from carillon import AsyncClient, Client
from carillon._channel import service_config
from carillon.testing import _handlers
from carillon.v1 import (
    catalog_service_pb2,
    delivery_service_pb2,
    notification_service_pb2,
    preference_service_pb2,
    recipient_service_pb2,
)

FILES = (
    notification_service_pb2,
    preference_service_pb2,
    recipient_service_pb2,
    delivery_service_pb2,
    catalog_service_pb2,
)
CLIENTS = (AsyncClient, Client)


METHODS: list[Any] = [
    method
    for file in FILES
    for service in file.DESCRIPTOR.services_by_name.values()
    for method in service.methods
]


def snake_case(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("rpc", METHODS, ids=lambda rpc: rpc.name)
def test_every_rpc_is_a_documented_method_with_every_field_as_a_keyword(client: type, rpc: Any) -> None:
    method = getattr(client, snake_case(rpc.name))
    parameters = dict(inspect.signature(method).parameters)
    parameters.pop("self")
    assert all(each.kind is inspect.Parameter.KEYWORD_ONLY for each in parameters.values())
    fields = {"requests"} if rpc.client_streaming else set(rpc.input_type.fields_by_name)
    # A subscription's own knobs come on top.
    assert fields == set(parameters) - {"patience_seconds"}
    assert inspect.getdoc(method)


@pytest.mark.parametrize("rpc", METHODS, ids=lambda rpc: rpc.name)
def test_only_streams_are_left_out_of_the_retries(rpc: Any) -> None:
    """gRPC takes the entry that names the method, else the one that names the service."""
    by_name = {
        (name["service"], name.get("method", "")): config
        for config in json.loads(json.dumps(service_config(wait_for_ready=False)))["methodConfig"]
        for name in config["name"]
    }
    service = rpc.containing_service.full_name
    config = by_name.get((service, rpc.name), by_name.get((service, "")))
    assert config is not None
    assert ("retryPolicy" in config) == (not rpc.client_streaming and not rpc.server_streaming)


def test_both_clients_have_the_same_methods() -> None:
    shared = [{name for name in dir(client) if not name.startswith("_")} for client in CLIENTS]
    assert shared[0] == shared[1]


def test_the_fake_knows_every_rpc() -> None:
    known = set(_handlers._UNARY) | set(_handlers._STREAMS)
    assert known == {rpc.name for rpc in METHODS}


@pytest.mark.parametrize(
    "module", ["carillon", "carillon.catalog_types", "carillon.errors", "carillon.types", "carillon.testing"]
)
def test_exported_names_are_sorted_and_exist(module: str) -> None:
    imported = importlib.import_module(module)
    assert imported.__all__ == sorted(imported.__all__)
    assert all(hasattr(imported, name) for name in imported.__all__)


def test_every_exported_class_and_function_is_documented() -> None:
    for name in carillon.__all__:
        if not name.startswith("__"):
            assert inspect.getdoc(getattr(carillon, name)), name


def test_the_services_of_the_api_are_those_of_the_client() -> None:
    services = {rpc.containing_service.full_name for rpc in METHODS}
    for service in services:
        assert Default().FindServiceByName(service)
    named = {
        name["service"]
        for each in service_config(wait_for_ready=False)["methodConfig"]
        for name in each["name"]
    }
    assert named == services
