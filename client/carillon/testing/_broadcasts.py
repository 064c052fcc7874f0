"""Sends to a topic or to everyone. The fake fans out at once; one with a later time waits as long."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable
from datetime import datetime

from google.protobuf.json_format import MessageToDict

from carillon.testing import _limits as limits
from carillon.testing._caller import Caller
from carillon.testing._conditions import holds
from carillon.testing._entry import Stage, now_utc, to_datetime, to_timestamp
from carillon.testing._refusal import Refusal
from carillon.testing._store import Begun, Store
from carillon.testing._topics import known_audience
from carillon.v1 import notification_service_pb2 as pb

_DEFAULT_PAGE_SIZE, _MAX_PAGE_SIZE = 20, 100
_ENDED = (pb.BROADCAST_STATE_COMPLETED, pb.BROADCAST_STATE_CANCELLED, pb.BROADCAST_STATE_FAILED)

SendTo = Callable[[str], pb.SendResult]


def begin(
    store: Store, caller: Caller, request: pb.SendRequest, now: datetime, send_to: SendTo
) -> pb.SendResponse:
    """Sends to everybody whose condition holds."""
    audience = _audience(store, request)
    if request.dry_run:
        return pb.SendResponse(audience_count=len(audience))
    data = MessageToDict(request.data)
    meant = [
        recipient_id
        for recipient_id, condition in audience.items()
        if recipient_id != request.actor_id and holds(condition, data)
    ]
    results = [send_to(recipient_id) for recipient_id in sorted(meant)]
    later = request.HasField("deliver_time") and to_datetime(request.deliver_time) > now
    broadcast = pb.Broadcast(
        id=f"brd_{uuid.uuid4().hex}",
        topic=request.topic,
        type=request.type,
        state=pb.BROADCAST_STATE_PENDING,
        audience_count=len(audience),
        sender=caller.subject,
        create_time=to_timestamp(now),
    )
    ids = [result.notification_id for result in results]
    due = to_datetime(request.deliver_time) if later else now
    store.broadcasts[broadcast.id] = Begun(broadcast, request.request_id, due, ids)
    return pb.SendResponse(broadcast_id=broadcast.id, audience_count=len(audience))


def get_broadcast(store: Store, caller: Caller, request: pb.GetBroadcastRequest) -> pb.GetBroadcastResponse:
    """Of the caller's own, or for operators of everybody's."""
    limits.enforce(limits.text("id", request.id, 100, 1))
    return pb.GetBroadcastResponse(broadcast=_settled(_known(store, caller, request.id)))


def list_broadcasts(
    store: Store, caller: Caller, request: pb.ListBroadcastsRequest
) -> pb.ListBroadcastsResponse:
    """Newest first."""
    limits.enforce(limits.page_size(request.page_size))
    size = min(request.page_size or _DEFAULT_PAGE_SIZE, _MAX_PAGE_SIZE)
    # They are kept in the order in which they came.
    found = [begun for begun in reversed(store.broadcasts.values()) if _may_see(caller, begun)]
    if request.page_token:
        kind, whose, last = store.sealer.open(request.page_token, "PAGE_TOKEN_INVALID")
        if (kind, whose) != ("broadcasts", caller.subject):
            raise Refusal("PAGE_TOKEN_INVALID")
        ids = [begun.broadcast.id for begun in found]
        found = found[ids.index(last) + 1 :]
    page = [_settled(begun) for begun in found[:size]]
    more = len(found) > size
    token = store.sealer.seal("broadcasts", caller.subject, page[-1].id) if more else ""
    return pb.ListBroadcastsResponse(broadcasts=page, next_page_token=token)


def cancel_broadcast(
    store: Store, caller: Caller, request: pb.CancelBroadcastRequest
) -> pb.CancelBroadcastResponse:
    """What waits for its time never appears."""
    limits.enforce(limits.text("id", request.id, 100, 1))
    begun = _known(store, caller, request.id)
    _call_off(store, begun)
    return pb.CancelBroadcastResponse(broadcast=begun.broadcast)


def call_off_sent_under(store: Store, caller: Caller, request_id: str) -> None:
    """What `Cancel` with a `request_id` does to broadcasts."""
    for begun in store.broadcasts.values():
        if begun.request_id == request_id and begun.broadcast.sender == caller.subject:
            _call_off(store, begun)


def _audience(store: Store, request: pb.SendRequest) -> dict[str, str]:
    """Who is meant, with their conditions."""
    if not request.topic:
        return dict.fromkeys(store.profiles, "")
    members: Iterable[tuple[str, str]] = (
        (member.recipient_id, member.condition)
        for member in known_audience(store, request.topic).members.values()
    )
    return dict(members)


def _settled(begun: Begun) -> pb.Broadcast:
    """By now it has been told to everybody, if its time has come."""
    broadcast = begun.broadcast
    if broadcast.state not in _ENDED and begun.due_time <= now_utc():
        broadcast.state = pb.BROADCAST_STATE_COMPLETED
        broadcast.processed_count = broadcast.audience_count
        broadcast.notified_count = len(begun.notification_ids)
        broadcast.start_time.CopyFrom(to_timestamp(begun.due_time))
        broadcast.finish_time.CopyFrom(to_timestamp(begun.due_time))
    return broadcast


def _call_off(store: Store, begun: Begun) -> None:
    if _settled(begun).state in _ENDED:
        return
    begun.broadcast.state = pb.BROADCAST_STATE_CANCELLED
    begun.broadcast.finish_time.CopyFrom(to_timestamp(now_utc()))
    for inbox, entry in list(store.entries()):
        if entry.notification.id in begun.notification_ids and entry.stage is Stage.SCHEDULED:
            inbox.remove(entry)


def _known(store: Store, caller: Caller, id: str) -> Begun:
    begun = store.broadcasts.get(id)
    if begun is None or not _may_see(caller, begun):
        raise Refusal("BROADCAST_NOT_FOUND")
    return begun


def _may_see(caller: Caller, begun: Begun) -> bool:
    return caller.role == "operator" or begun.broadcast.sender == caller.subject
