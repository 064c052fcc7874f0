"""Endpoints that would make the service call into a private network are refused when they are put."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import grpc
import pytest
from hypothesis import HealthCheck, given, settings

from carillon.v1 import recipient_service_pb2 as pb
from carillon.v1 import types_pb2
from tests.addresses import FORBIDDEN_URLS, PUBLIC_URLS, private_hosts
from tests.chat_addresses import CHAT_ADDRESSES, NO_CHAT_ADDRESSES
from tests.running import Issuer, make_settings, running_server
from tests.transport.caller import Caller, Refused
from tests.transport.conftest import House
from tests.transport.rows.people import SUBSCRIPTION

CHANNELS = (types_pb2.CHANNEL_WEBHOOK, types_pb2.CHANNEL_CHAT)


@pytest.fixture
async def local_house(postgres_url: str, redis_url: str, issuer: Issuer) -> AsyncIterator[House]:
    """One that may call this machine."""
    changes = make_settings(postgres_url, redis_url, issuer, egress_allowed_networks="127.0.0.0/8, ::1/128")
    async with running_server(changes) as address, grpc.aio.insecure_channel(address) as channel:
        yield House(address, issuer, channel)


async def put(caller: Caller, address: str, channel: int = types_pb2.CHANNEL_WEBHOOK) -> None:
    endpoint = {"channel": channel, "address": address}
    await caller.call("PutEndpoint", pb.PutEndpointRequest(recipient_id="ann", endpoint=endpoint))


async def refusal(caller: Caller, address: str, channel: int = types_pb2.CHANNEL_WEBHOOK) -> Refused | None:
    try:
        await put(caller, address, channel)
    except Refused as refused:
        return refused
    return None


def subscription(url: str) -> str:
    """A browser's, with that push service."""
    return json.dumps({**json.loads(SUBSCRIPTION), "endpoint": url})


def names_the_address(refused: Refused | None) -> bool:
    return refused is not None and (refused.code, refused.reason, refused.fields) == (
        grpc.StatusCode.INVALID_ARGUMENT,
        "FIELD_INVALID",
        ["endpoint.address"],
    )


async def listed(caller: Caller) -> list[str]:
    request = pb.ListEndpointsRequest(recipient_id="ann")
    return [each.address for each in (await caller.call("ListEndpoints", request)).endpoints]


@pytest.mark.parametrize("channel", CHANNELS)
async def test_no_notation_of_a_private_address_is_taken(house: House, channel: int) -> None:
    taken = [
        url for url in FORBIDDEN_URLS if not names_the_address(await refusal(house.producer, url, channel))
    ]
    assert taken == []


async def test_no_browsers_push_service_is_at_a_private_address(house: House) -> None:
    taken = [
        url
        for url in FORBIDDEN_URLS
        if not names_the_address(await refusal(house.producer, subscription(url), types_pb2.CHANNEL_PUSH))
    ]
    assert taken == []
    await put(house.producer, subscription("https://push.example.com/1"), types_pb2.CHANNEL_PUSH)


@pytest.mark.parametrize("address", CHAT_ADDRESSES)
async def test_rooms_of_known_services_are_taken(house: House, address: str) -> None:
    await put(house.producer, address, types_pb2.CHANNEL_CHAT)
    assert await listed(house.producer) == [address]


@pytest.mark.parametrize("address", NO_CHAT_ADDRESSES)
async def test_other_addresses_of_chats_are_refused(house: House, address: str) -> None:
    assert names_the_address(await refusal(house.producer, address, types_pb2.CHANNEL_CHAT))


async def test_public_addresses_are_taken(house: House) -> None:
    for url in PUBLIC_URLS:
        await put(house.producer, url)
    assert set(await listed(house.producer)) == set(PUBLIC_URLS)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=50)
@given(host=private_hosts())
async def test_no_spelling_that_can_be_made_is_taken(house: House, host: str) -> None:
    assert names_the_address(await refusal(house.producer, f"https://{host}/hook"))


async def test_of_several_endpoints_each_bad_one_is_named_and_none_is_stored(house: House) -> None:
    addresses = ["https://example.com/", "https://127.1/", "https://example.org/", "https://[::1]/"]
    endpoints = [{"channel": types_pb2.CHANNEL_WEBHOOK, "address": each} for each in addresses]
    request = pb.UpsertRecipientRequest(recipient={"recipient_id": "ann"}, endpoints=endpoints)
    refused = await house.producer.refusal("UpsertRecipient", request)
    assert refused.reason == "FIELD_INVALID"
    assert refused.fields == ["endpoints[1].address", "endpoints[3].address"]
    get = pb.GetRecipientRequest(recipient_id="ann")
    assert (await house.producer.refusal("GetRecipient", get)).reason == "RECIPIENT_NOT_FOUND"


async def test_an_installation_may_open_networks(local_house: House) -> None:
    for url in ("http://127.0.0.1:8080/hook", "https://localhost/hook", "http://[::1]:8080/hook"):
        await put(local_house.producer, url)
    for url in ("http://localhost/hook", "https://10.0.0.1/hook", "http://example.com/hook"):
        assert names_the_address(await refusal(local_house.producer, url))
