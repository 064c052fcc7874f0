"""Reading an inbox, and what a person does with one notification."""

from __future__ import annotations

from carillon.testing import _limits as limits
from carillon.testing._caller import Caller
from carillon.testing._entry import Entry, Stage, now_utc, sum_counts, to_timestamp
from carillon.testing._refusal import Refusal
from carillon.testing._store import Store
from carillon.v1 import notification_service_pb2 as pb

_DEFAULT_PAGE_SIZE = 20
_MAX_PAGE_SIZE = 100


def get(store: Store, caller: Caller, request: pb.GetRequest) -> pb.GetResponse:
    """A producer's own sends, or what is in an inbox."""
    if caller.role == "producer":
        return pb.GetResponse(notification=_sent(store, caller, request.id).notification)
    found = store.inbox(caller.address(request.recipient_id)).find(request.id)
    if found is None:
        raise Refusal("NOTIFICATION_NOT_FOUND")
    return pb.GetResponse(notification=found.notification)


def list(store: Store, caller: Caller, request: pb.ListRequest) -> pb.ListResponse:
    """A page from the position in the token downwards."""
    limits.enforce([*limits.page_size(request.page_size), *limits.filtered(request.filter)])
    inbox = store.inbox(caller.address(request.recipient_id))
    query = [inbox.recipient_id, request.filter.SerializeToString(deterministic=True).hex()]
    before = _open_page_token(store, request.page_token, query)
    size = min(request.page_size or _DEFAULT_PAGE_SIZE, _MAX_PAGE_SIZE)
    found = inbox.newest_first(request.filter, before)
    counts = inbox.counts
    more = len(found) > size
    return pb.ListResponse(
        notifications=[entry.notification for entry in found[:size]],
        next_page_token=store.sealer.seal("page", *query, found[size - 1].position) if more else "",
        unread_count=counts.unread_count,
        unseen_count=counts.unseen_count,
        total_count=counts.total_count,
        cursor=store.cursor(inbox),
    )


def get_counts(store: Store, caller: Caller, request: pb.GetCountsRequest) -> pb.GetCountsResponse:
    """Counted anew."""
    inbox = store.inbox(caller.address(request.recipient_id))
    response = pb.GetCountsResponse(counts=inbox.counts, cursor=store.cursor(inbox))
    visible = [entry for entry in inbox.entries.values() if entry.visible]
    for name in {entry.notification.type for entry in visible}:
        part = [entry for entry in visible if entry.notification.type == name]
        response.by_type[name].CopyFrom(sum_counts(part))
    for name in {entry.notification.category for entry in visible}:
        part = [entry for entry in visible if entry.notification.category == name]
        response.by_category[name].CopyFrom(sum_counts(part))
    for priority in sorted({entry.notification.priority for entry in visible}):
        part = [entry for entry in visible if entry.notification.priority == priority]
        response.by_priority.add(priority=priority, counts=sum_counts(part))
    return response


def record_action(store: Store, caller: Caller, request: pb.RecordActionRequest) -> pb.RecordActionResponse:
    """The first one counts."""
    inbox = store.inbox(caller.address(request.recipient_id))
    entry = inbox.find(request.id)
    if entry is None:
        raise Refusal("NOTIFICATION_NOT_FOUND")
    notification = entry.notification
    if request.action_id not in {action.id for action in notification.content.actions}:
        raise Refusal("ACTION_NOT_FOUND")
    if not notification.HasField("action_taken"):
        notification.action_taken.action_id = request.action_id
        notification.action_taken.action_time.CopyFrom(to_timestamp(now_utc()))
        inbox.touch(entry)
    if notification.action_taken.action_id != request.action_id:
        raise Refusal("ACTION_ALREADY_TAKEN")
    return pb.RecordActionResponse(notification=notification, cursor=store.cursor(inbox))


def ack(store: Store, caller: Caller, request: pb.AckRequest) -> pb.AckResponse:
    """Checked, and then of no consequence: the fake sends no push messages that it could save."""
    limits.enforce(limits.printable("device_id", request.device_id, 1))
    store.open_cursor(caller.address(request.recipient_id), request.cursor)
    return pb.AckResponse()


def reconcile(store: Store, caller: Caller, request: pb.ReconcileRequest) -> pb.ReconcileResponse:
    """Everything but what is unread in the inbox."""
    limits.enforce(limits.ids("ids", request.ids))
    inbox = store.inbox(caller.address(request.recipient_id))
    shown = {id for id, entry in inbox.entries.items() if entry.counts().unread_count}
    return pb.ReconcileResponse(drop_ids=[id for id in request.ids if id not in shown])


def _sent(store: Store, caller: Caller, id: str) -> Entry:
    for _, entry in store.entries():
        ours = entry.sender == caller.subject and entry.stage is not Stage.REMOVED
        if ours and entry.notification.id == id:
            return entry
    raise Refusal("NOTIFICATION_NOT_FOUND")


def _open_page_token(store: Store, token: str, query: object) -> int | None:
    if not token:
        return None
    kind, *rest, position = store.sealer.open(token, "PAGE_TOKEN_INVALID")
    if kind != "page" or rest != query:
        raise Refusal("PAGE_TOKEN_INVALID")
    return int(position)
