"""The calls that mark notifications."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp

from carillon.testing import _limits as limits
from carillon.testing._caller import Caller
from carillon.testing._entry import Entry, now_utc, to_timestamp
from carillon.testing._inbox import Inbox
from carillon.testing._refusal import refuse
from carillon.testing._store import Store
from carillon.v1 import notification_service_pb2 as pb
from carillon.v1.types_pb2 import Notification

_Mark = Callable[[Notification, Timestamp], None]


def _read(notification: Notification, now: Timestamp) -> None:
    _set("read_time")(notification, now)
    _set("seen_time")(notification, now)


def _set(field: str) -> _Mark:
    def mark(notification: Notification, now: Timestamp) -> None:
        if not notification.HasField(field):  # type: ignore[arg-type]  # one of the fields below
            getattr(notification, field).CopyFrom(now)

    return mark


def _clear(field: str) -> _Mark:
    def mark(notification: Notification, now: Timestamp) -> None:
        notification.ClearField(field)  # type: ignore[arg-type]  # one of the fields below

    return mark


def _marking(mark: _Mark, response: type[Any]) -> Callable[[Store, Caller, Any], Any]:
    def handle(store: Store, caller: Caller, request: Any) -> Any:
        inbox = store.inbox(caller.address(request.recipient_id))
        now = to_timestamp(now_utc())
        changed = [entry for entry in _selected(store, inbox, request) if _changes(entry, mark, now)]
        for entry in changed:
            inbox.touch(entry)
        return response(changed_count=len(changed), counts=inbox.counts, cursor=store.cursor(inbox))

    return handle


def _changes(entry: Entry, mark: _Mark, now: Timestamp) -> bool:
    before = entry.notification.SerializeToString(deterministic=True)
    mark(entry.notification, now)
    return entry.notification.SerializeToString(deterministic=True) != before


def _selected(store: Store, inbox: Inbox, request: Any) -> list[Entry]:
    """Oldest first."""
    limits.enforce([*limits.ids("ids", request.ids), *limits.filtered(request.filter)])
    if bool(request.ids) == request.all:
        refuse("ids", "or all: exactly one")
    if not request.all and (request.until_cursor or request.HasField("filter")):
        refuse("all", "is required with filter and until_cursor")
    if request.ids:
        return [entry for id in dict.fromkeys(request.ids) if (entry := inbox.find(id)) is not None]
    until = inbox.version
    if request.until_cursor:
        _, until = store.open_cursor(inbox.recipient_id, request.until_cursor)
    return [entry for entry in reversed(inbox.newest_first(request.filter)) if entry.position <= until]


def delete(store: Store, caller: Caller, request: pb.DeleteRequest) -> pb.DeleteResponse:
    """Leaves tombstones."""
    inbox = store.inbox(caller.address(request.recipient_id))
    selected = _selected(store, inbox, request)
    for entry in selected:
        inbox.remove(entry)
    return pb.DeleteResponse(changed_count=len(selected), counts=inbox.counts, cursor=store.cursor(inbox))


mark_read = _marking(_read, pb.MarkReadResponse)
mark_unread = _marking(_clear("read_time"), pb.MarkUnreadResponse)
mark_seen = _marking(_set("seen_time"), pb.MarkSeenResponse)
archive = _marking(_set("archive_time"), pb.ArchiveResponse)
unarchive = _marking(_clear("archive_time"), pb.UnarchiveResponse)
pin = _marking(_set("pin_time"), pb.PinResponse)
unpin = _marking(_clear("pin_time"), pb.UnpinResponse)
