"""The options of every channel: what is repeated, how a dead connection is noticed, how large an answer may
be."""

from __future__ import annotations

import json
from importlib.metadata import version
from typing import Any

KEEPALIVE_SECONDS = 20
KEEPALIVE_TIMEOUT_SECONDS = 5
# A page of 100 notifications with every field at its limit stays below.
MAX_RECEIVE_BYTES = 32 * 1024 * 1024
# All that is wrong with a catalog comes in the trailer of one call.
MAX_METADATA_BYTES = 64 * 1024

_SERVICES = (
    "carillon.v1.NotificationService",
    "carillon.v1.PreferenceService",
    "carillon.v1.RecipientService",
    "carillon.v1.DeliveryService",
    "carillon.v1.CatalogService",
)
_STREAMS = ((_SERVICES[0], "Subscribe"), (_SERVICES[0], "SendStream"), (_SERVICES[2], "ExportRecipient"))

# Every unary call may be repeated: they are idempotent, the sends by their `request_id`. gRPC waits as long
# as the service says (`grpc-retry-pushback-ms`), else with backoff and jitter, and stops repeating where
# most calls fail, so that retries never keep an overloaded service down. A server that stops cancels what it
# has not looked at yet; what the caller itself gives up is not repeated.
_RETRY_POLICY = {
    "maxAttempts": 5,
    "initialBackoff": "0.1s",
    "maxBackoff": "2s",
    "backoffMultiplier": 2,
    "retryableStatusCodes": ["UNAVAILABLE", "RESOURCE_EXHAUSTED", "CANCELLED"],
}
_RETRY_THROTTLING = {"maxTokens": 50, "tokenRatio": 0.2}


def service_config(*, wait_for_ready: bool) -> dict[str, Any]:
    """gRPC's service config. Streams take part in no retries: a subscription resumes by cursor, an export
    begins anew.
    """
    streams = [{"service": service, "method": method} for service, method in _STREAMS]
    return {
        "loadBalancingConfig": [{"round_robin": {}}],
        "retryThrottling": _RETRY_THROTTLING,
        "methodConfig": [
            {"name": streams},
            {
                "name": [{"service": service} for service in _SERVICES],
                "retryPolicy": _RETRY_POLICY,
                "waitForReady": wait_for_ready,
            },
        ],
    }


def channel_options(*, wait_for_ready: bool) -> list[tuple[str, Any]]:
    """The options of one channel, which has its own connections: gRPC would share those of equal channels."""
    return [
        ("grpc.service_config", json.dumps(service_config(wait_for_ready=wait_for_ready))),
        ("grpc.primary_user_agent", f"carillon-python/{version('carillon')}"),
        ("grpc.use_local_subchannel_pool", 1),
        ("grpc.keepalive_time_ms", KEEPALIVE_SECONDS * 1000),
        ("grpc.keepalive_timeout_ms", KEEPALIVE_TIMEOUT_SECONDS * 1000),
        ("grpc.http2.ping_timeout_ms", KEEPALIVE_TIMEOUT_SECONDS * 1000),
        ("grpc.http2.max_pings_without_data", 0),
        ("grpc.initial_reconnect_backoff_ms", 100),
        ("grpc.max_reconnect_backoff_ms", 5_000),
        ("grpc.max_receive_message_length", MAX_RECEIVE_BYTES),
        ("grpc.max_metadata_size", MAX_METADATA_BYTES),
        ("grpc.absolute_max_metadata_size", 2 * MAX_METADATA_BYTES),
    ]
