"""Broadcasts."""

from __future__ import annotations

from carillon.v1 import notification_service_pb2 as pb
from carillon_server.domain.broadcast import Broadcast
from carillon_server.transport.instants import set_timestamp


def to_broadcast_message(broadcast: Broadcast) -> pb.Broadcast:
    """A broadcast as callers see it."""
    message = pb.Broadcast(
        id=str(broadcast.id),
        topic=broadcast.topic,
        type=broadcast.type,
        state=pb.BroadcastState.ValueType(broadcast.state),
        audience_count=broadcast.audience_count,
        processed_count=broadcast.processed_count,
        notified_count=broadcast.notified_count,
        failed_count=broadcast.failed_count,
        failure=broadcast.failure,
        sender=broadcast.sender,
    )
    set_timestamp(message.create_time, broadcast.create_time)
    if broadcast.start_time is not None:
        set_timestamp(message.start_time, broadcast.start_time)
    if broadcast.finish_time is not None:
        set_timestamp(message.finish_time, broadcast.finish_time)
    return message
