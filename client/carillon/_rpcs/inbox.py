"""Reading an inbox, and what a person does with one notification."""

from __future__ import annotations

from collections.abc import Sequence

from carillon._message import message
from carillon._rpc import rpc
from carillon.types import FilterLike
from carillon.v1 import notification_service_pb2 as pb

SERVICE = "carillon.v1.NotificationService"


@rpc(SERVICE, "Get", pb.GetResponse)
def get(*, id: str, recipient_id: str = "") -> pb.GetRequest:
    """Returns one notification. Producers see those that they sent."""
    return message(pb.GetRequest, id=id, recipient_id=recipient_id)


@rpc(SERVICE, "List", pb.ListResponse)
def list(
    *,
    recipient_id: str = "",
    page_size: int = 0,
    page_token: str = "",
    filter: FilterLike | None = None,
) -> pb.ListRequest:
    """Returns a page of an inbox, newest first, with exact counters and a cursor of the same instant, fit
    for `subscribe`.

    A page holds 1 to 100 notifications, 20 if `page_size` is 0. `list_all` walks through all pages.
    """
    return message(
        pb.ListRequest,
        recipient_id=recipient_id,
        page_size=page_size,
        page_token=page_token,
        filter=filter,
    )


@rpc(SERVICE, "RecordAction", pb.RecordActionResponse)
def record_action(*, id: str, action_id: str, recipient_id: str = "") -> pb.RecordActionRequest:
    """Records which button the person pressed; the sender sees it with `get`.

    The same again is fine; another one raises `ActionAlreadyTakenError`.
    """
    return message(pb.RecordActionRequest, recipient_id=recipient_id, id=id, action_id=action_id)


@rpc(SERVICE, "GetCounts", pb.GetCountsResponse)
def get_counts(*, recipient_id: str = "") -> pb.GetCountsRequest:
    """Returns exact counters: of the inbox, by type, by category, by priority."""
    return message(pb.GetCountsRequest, recipient_id=recipient_id)


@rpc(SERVICE, "Ack", pb.AckResponse)
def ack(*, device_id: str, cursor: str, recipient_id: str = "") -> pb.AckRequest:
    """Confirms that a device showed everything up to a cursor. Older cursors change nothing."""
    return message(pb.AckRequest, recipient_id=recipient_id, device_id=device_id, cursor=cursor)


@rpc(SERVICE, "Reconcile", pb.ReconcileResponse)
def reconcile(*, ids: Sequence[str], recipient_id: str = "") -> pb.ReconcileRequest:
    """Tells which of the notifications that a device still shows, at most 1,000, it is to drop."""
    return message(pb.ReconcileRequest, recipient_id=recipient_id, ids=ids)
