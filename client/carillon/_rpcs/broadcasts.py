"""Broadcasts: what was sent to a topic, or to everyone."""

from __future__ import annotations

from carillon._message import message
from carillon._rpc import rpc
from carillon.v1 import notification_service_pb2 as pb

SERVICE = "carillon.v1.NotificationService"


@rpc(SERVICE, "GetBroadcast", pb.GetBroadcastResponse)
def get_broadcast(*, id: str) -> pb.GetBroadcastRequest:
    """Returns how far a broadcast has come. Producers see those that they sent."""
    return message(pb.GetBroadcastRequest, id=id)


@rpc(SERVICE, "ListBroadcasts", pb.ListBroadcastsResponse)
def list_broadcasts(*, page_size: int = 0, page_token: str = "") -> pb.ListBroadcastsRequest:
    """Returns a page of broadcasts, newest first. Producers see those that they sent.

    A page holds 1 to 100 broadcasts, 20 if `page_size` is 0. `list_all_broadcasts` walks through all pages.
    """
    return message(pb.ListBroadcastsRequest, page_size=page_size, page_token=page_token)


@rpc(SERVICE, "CancelBroadcast", pb.CancelBroadcastResponse)
def cancel_broadcast(*, id: str) -> pb.CancelBroadcastRequest:
    """Stops a broadcast where it is: when this returns, nobody more is notified. Idempotent."""
    return message(pb.CancelBroadcastRequest, id=id)
