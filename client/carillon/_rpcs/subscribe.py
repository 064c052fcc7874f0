"""The request of a live inbox."""

from __future__ import annotations

from datetime import timedelta

from carillon._message import message
from carillon.types import FilterLike
from carillon.v1 import notification_service_pb2 as pb


def subscribe_request(
    *,
    recipient_id: str,
    cursor: str,
    filter: FilterLike | None,
    heartbeat: timedelta | None,
    device_id: str,
    snapshot_size: int,
) -> pb.SubscribeRequest:
    """The first request; those after it differ in the cursor only."""
    return message(
        pb.SubscribeRequest,
        recipient_id=recipient_id,
        cursor=cursor,
        filter=filter,
        heartbeat=heartbeat,
        device_id=device_id,
        snapshot_size=snapshot_size,
    )
