"""Makes the demo tenant, as soon as the service can: its providers, two people who can be reached, and the
catalogs that come with Carillon.

Run as a process of its own, `python -m carillon_server.embedded.demo_tenant HOST:PORT FAR_SIDE_PORT KEYS`,
with an operator's token in CARILLON_TOKEN: the supervisor goes on to start processes and so must not import
gRPC.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import grpc
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse

from carillon import Client
from carillon.catalog_types import CatalogBundle
from carillon.types import Endpoint, Provider
from carillon_server.bundle.loader import load_catalog
from carillon_server.bundle.shipped import shipped_catalogs
from carillon_server.embedded.far_side_keys import FarSideKeys
from carillon_server.embedded.ports import HOST

_RECIPIENTS = {"user-a": "+41446681800", "user-b": "+41446681801"}
_SENDER_NUMBER = "+15005550006"
_TIMEOUT_SECONDS = 60
_POLL_SECONDS = 0.02
_SERVING = HealthCheckResponse.SERVING
_RECONNECT_QUICKLY = [("grpc.initial_reconnect_backoff_ms", 50), ("grpc.max_reconnect_backoff_ms", 100)]


def wait_until_serving(target: str) -> None:
    """Return when the service says that it serves as a whole; raises grpc.RpcError when it never answers."""
    with grpc.insecure_channel(target, options=_RECONNECT_QUICKLY) as channel:
        check = channel.unary_unary(
            "/grpc.health.v1.Health/Check",
            request_serializer=HealthCheckRequest.SerializeToString,
            response_deserializer=HealthCheckResponse.FromString,
        )
        question = HealthCheckRequest()
        while check(question, wait_for_ready=True, timeout=_TIMEOUT_SECONDS).status != _SERVING:
            time.sleep(_POLL_SECONDS)


def main(target: str, far_side_port: int, keys: FarSideKeys) -> None:
    """Wait for the service, then make everything; again is no different from once."""
    far_side = f"http://{HOST}:{far_side_port}"
    # Read while the service starts.
    catalogs = [load_catalog(folder) for folder in shipped_catalogs()]
    wait_until_serving(target)
    with Client(target, token=os.environ["CARILLON_TOKEN"], timeout_seconds=_TIMEOUT_SECONDS) as client:
        for provider in _providers(far_side, keys):
            client.put_provider(provider=provider)
        for recipient, number in _RECIPIENTS.items():
            endpoints = list(_endpoints(recipient, number, far_side, keys))
            client.upsert_recipient(recipient={"recipient_id": recipient}, endpoints=endpoints)
            _forget_old_ports(client, recipient, far_side)
        for catalog in catalogs:
            client.apply_catalog(bundle=cast("CatalogBundle", catalog.bundle), prune=True)


def _providers(far_side: str, keys: FarSideKeys) -> Iterator[Provider]:
    yield {
        "name": "webhook",
        "kind": "webhook",
        "channel": "WEBHOOK",
        "settings": {"signing_secrets": [keys.webhook_secret]},
    }
    yield {
        "name": "web-push",
        "kind": "web_push",
        "channel": "PUSH",
        "settings": {"private_key": keys.vapid_key, "subject": "mailto:ops@example.com"},
    }
    yield {
        "name": "twilio",
        "kind": "twilio",
        "channel": "SMS",
        "settings": {
            "account_sid": keys.twilio_account,
            "auth_token": keys.twilio_token,
            "from_number": _SENDER_NUMBER,
            "api_url": far_side,
        },
    }


def _endpoints(recipient: str, number: str, far_side: str, keys: FarSideKeys) -> Iterator[Endpoint]:
    yield {"channel": "EMAIL", "address": f"{recipient}@example.com"}
    yield {"channel": "SMS", "address": number}
    yield {"channel": "WEBHOOK", "address": f"{far_side}/webhooks/{recipient}"}
    yield {
        "channel": "PUSH",
        "address": keys.subscription(f"{far_side}/push/{recipient}"),
        "label": "browser",
    }


def _forget_old_ports(client: Client, recipient: str, far_side: str) -> None:
    """The far side may have listened elsewhere the last time."""
    for endpoint in client.list_endpoints(recipient_id=recipient).endpoints:
        if f"http://{HOST}:" in endpoint.address and f"{far_side}/" not in endpoint.address:
            client.delete_endpoint(recipient_id=recipient, id=endpoint.id)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), FarSideKeys.ensure(Path(sys.argv[3])))
