"""From stored notifications to the bytes that readers get.

The immutable part of a notification is serialized once, when it is sent (`Draft.payload`); what changes in an
inbox is added behind it. Content is never parsed on its way to a screen, and an event is encoded once for
all the streams it goes to.
"""

from __future__ import annotations

from collections.abc import Sequence

from google.protobuf.json_format import MessageToDict

from carillon.v1 import notification_service_pb2 as pb
from carillon.v1 import types_pb2
from carillon_server.domain.channel import Priority
from carillon_server.domain.inbox import Counts
from carillon_server.domain.notification import (
    Action,
    ChangeKind,
    Content,
    InboxChange,
    SentNotification,
    ShownNotification,
    StoredNotification,
)
from carillon_server.transport.instants import set_timestamp, to_datetime
from carillon_server.transport.wire import field, repeated, tag

_LIST_NOTIFICATIONS = tag(pb.ListResponse.NOTIFICATIONS_FIELD_NUMBER)
_GET_NOTIFICATION = tag(pb.GetResponse.NOTIFICATION_FIELD_NUMBER)
_ACTION_NOTIFICATION = tag(pb.RecordActionResponse.NOTIFICATION_FIELD_NUMBER)
_CURSOR = tag(pb.SubscribeResponse.CURSOR_FIELD_NUMBER)
_SNAPSHOT = tag(pb.SubscribeResponse.SNAPSHOT_FIELD_NUMBER)
_REMOVED = tag(pb.SubscribeResponse.REMOVED_FIELD_NUMBER)
_EVENT = {
    ChangeKind.CREATED: tag(pb.SubscribeResponse.CREATED_FIELD_NUMBER),
    ChangeKind.CHANGED: tag(pb.SubscribeResponse.CHANGED_FIELD_NUMBER),
}
# `Snapshot`, `Created`, `Changed` and `Removed` number their two fields alike.
_EVENT_ITEMS = tag(pb.SubscribeResponse.Created.NOTIFICATIONS_FIELD_NUMBER)
_EVENT_COUNTS = tag(pb.SubscribeResponse.Created.COUNTS_FIELD_NUMBER)


def encode_notification(stored: StoredNotification) -> bytes:
    """A serialized `Notification`."""
    return stored.payload + _encode_state(stored, stored.recipient_id)


def encode_shown(shown: ShownNotification, recipient_id: str) -> bytes:
    """A serialized `Notification` of a page of this recipient."""
    return shown.payload + _encode_state(shown, recipient_id)


def _encode_state(stored: StoredNotification | ShownNotification, recipient_id: str) -> bytes:
    state = types_pb2.Notification(id=str(stored.id), recipient_id=recipient_id)
    set_timestamp(state.create_time, stored.create_time)
    set_timestamp(state.deliver_time, stored.deliver_time)
    if stored.read_time is not None:
        set_timestamp(state.read_time, stored.read_time)
    if stored.seen_time is not None:
        set_timestamp(state.seen_time, stored.seen_time)
    if stored.archive_time is not None:
        set_timestamp(state.archive_time, stored.archive_time)
    if stored.pin_time is not None:
        set_timestamp(state.pin_time, stored.pin_time)
    if stored.action_time is not None:
        state.action_taken.action_id = stored.action_id or ""
        set_timestamp(state.action_taken.action_time, stored.action_time)
    return state.SerializeToString()


def encode_counts(counts: Counts) -> bytes:
    """A serialized `Counts`."""
    return to_counts(counts).SerializeToString()


def to_counts(counts: Counts) -> types_pb2.Counts:
    """The counters as a message."""
    return types_pb2.Counts(
        total_count=counts.total,
        unread_count=counts.unread,
        unseen_count=counts.unseen,
        archived_count=counts.archived,
    )


def encode_get_response(stored: StoredNotification) -> bytes:
    """A serialized `GetResponse`."""
    return field(_GET_NOTIFICATION, encode_notification(stored))


def encode_record_action_response(stored: StoredNotification, cursor: str) -> bytes:
    """A serialized `RecordActionResponse`."""
    rest = pb.RecordActionResponse(cursor=cursor)
    return field(_ACTION_NOTIFICATION, encode_notification(stored)) + rest.SerializeToString()


def encode_list_response(
    notifications: Sequence[bytes], *, next_page_token: str, counts: Counts, cursor: str
) -> bytes:
    """A serialized `ListResponse` around notifications that are serialized already."""
    rest = pb.ListResponse(
        next_page_token=next_page_token,
        unread_count=counts.unread,
        unseen_count=counts.unseen,
        total_count=counts.total,
        cursor=cursor,
    )
    return repeated(_LIST_NOTIFICATIONS, notifications) + rest.SerializeToString()


def encode_snapshot(notifications: Sequence[bytes], counts: Counts, cursor: str) -> bytes:
    """A serialized `SubscribeResponse` with a snapshot."""
    return _encode_event(_SNAPSHOT, notifications, counts, cursor)


def encode_appearance(kind: ChangeKind, notifications: Sequence[bytes], counts: Counts, cursor: str) -> bytes:
    """A serialized `SubscribeResponse` with notifications that were created or changed."""
    return _encode_event(_EVENT[kind], notifications, counts, cursor)


def encode_removal(ids: Sequence[str], counts: Counts, cursor: str) -> bytes:
    """A serialized `SubscribeResponse` with notifications that are gone."""
    return _encode_event(_REMOVED, [id_.encode() for id_ in ids], counts, cursor)


def encode_counters(counts: Counts, cursor: str) -> bytes:
    """A serialized `SubscribeResponse` with counters alone."""
    return pb.SubscribeResponse(cursor=cursor, counts=to_counts(counts)).SerializeToString()


def encode_change(change: InboxChange, cursor: str) -> bytes | None:
    """A serialized `SubscribeResponse` for a whole change; None where there is nothing to show."""
    counts = change.state.counts
    match change.kind:
        case ChangeKind.NOTHING:
            return None
        case ChangeKind.REMOVED:
            return encode_removal([str(removed.id) for removed in change.notifications], counts, cursor)
        case kind:
            encoded = [encode_notification(stored) for stored in change.notifications]
            return encode_appearance(kind, encoded, counts, cursor)


def decode_notification(payload: bytes) -> SentNotification:
    """What was sent, out of a stored payload."""
    sent = types_pb2.Notification.FromString(payload)
    return SentNotification(
        type=sent.type,
        category=sent.category,
        priority=Priority(sent.priority or types_pb2.PRIORITY_NORMAL),
        content=_to_content(sent.content),
        thread_key=sent.thread_key,
        collapse_key=sent.collapse_key,
        actor_id=sent.actor_id,
        labels=dict(sent.labels),
        data=MessageToDict(sent.data) if sent.HasField("data") else {},
        expire_time=to_datetime(sent.expire_time) if sent.HasField("expire_time") else None,
    )


def _to_content(content: types_pb2.Content) -> Content:
    return Content(
        title=content.title,
        body=content.body,
        action_url=content.action_url,
        icon=content.icon,
        image_url=content.image_url,
        actions=tuple(Action(action.id, action.label, action.url) for action in content.actions),
    )


def decode_action_ids(payload: bytes) -> list[str]:
    """The ids of the buttons in a stored payload."""
    return [action.id for action in types_pb2.Notification.FromString(payload).content.actions]


def _encode_event(event: bytes, items: Sequence[bytes], counts: Counts, cursor: str) -> bytes:
    body = repeated(_EVENT_ITEMS, items) + field(_EVENT_COUNTS, encode_counts(counts))
    return field(_CURSOR, cursor.encode()) + field(event, body)
