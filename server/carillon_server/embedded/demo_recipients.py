"""Makes the two people of the demo tenant, as soon as the service can.

Run as a process of its own, `python -m carillon_server.embedded.demo_recipients HOST:PORT`, with an
operator's token in CARILLON_TOKEN: the supervisor goes on to start processes and so must not import gRPC.
"""

from __future__ import annotations

import os
import sys
import time

import grpc
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse

from carillon import Client

_RECIPIENTS = ("user-a", "user-b")
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


def main(target: str) -> None:
    """Wait for the service, then make both recipients; again is no different from once."""
    wait_until_serving(target)
    with Client(target, token=os.environ["CARILLON_TOKEN"]) as client:
        for recipient in _RECIPIENTS:
            client.upsert_recipient(
                recipient={"recipient_id": recipient},
                endpoints=[{"channel": "EMAIL", "address": f"{recipient}@example.com"}],
            )


if __name__ == "__main__":
    main(sys.argv[1])
