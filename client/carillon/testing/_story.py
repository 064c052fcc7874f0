"""The story of one notification."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from google.protobuf.timestamp_pb2 import Timestamp

from carillon.testing._entry import Entry
from carillon.v1 import delivery_service_pb2 as pb

_MARKS = (
    ("seen_time", pb.StoryEntry.KIND_SEEN),
    ("read_time", pb.StoryEntry.KIND_READ),
    ("archive_time", pb.StoryEntry.KIND_ARCHIVED),
)


def tell(entry: Entry, stories: Iterable[pb.DeliveryStory]) -> pb.ExplainNotificationResponse:
    """In the order of time."""
    notification, stories = entry.notification, list(stories)
    entries = [*_of_notification(entry)]
    for story in stories:
        entries += _of_delivery(story)
    entries.sort(key=lambda each: (each.time.ToNanoseconds(), each.kind))
    return pb.ExplainNotificationResponse(
        id=notification.id,
        recipient_id=notification.recipient_id,
        type=notification.type,
        sender=entry.sender,
        priority=notification.priority,
        create_time=notification.create_time,
        deliver_time=notification.deliver_time,
        expire_time=notification.expire_time if notification.HasField("expire_time") else None,
        entries=entries,
        deliveries=stories,
    )


def _of_notification(entry: Entry) -> Iterator[pb.StoryEntry]:
    notification = entry.notification
    sent = notification.create_time
    yield pb.StoryEntry(time=sent, kind=pb.StoryEntry.KIND_SENT, actor=entry.sender)
    for decision in entry.decisions:
        yield pb.StoryEntry(time=sent, kind=pb.StoryEntry.KIND_DECIDED, decision=decision)
    if entry.position:
        yield pb.StoryEntry(time=notification.deliver_time, kind=pb.StoryEntry.KIND_SHOWN)
    for field, kind in _MARKS:
        if notification.HasField(field):  # type: ignore[arg-type]  # one of _MARKS
            yield pb.StoryEntry(time=getattr(notification, field), kind=kind)
    if notification.HasField("action_taken"):
        taken = notification.action_taken
        yield pb.StoryEntry(time=taken.action_time, kind=pb.StoryEntry.KIND_ACTED, reason=taken.action_id)


def _of_delivery(story: pb.DeliveryStory) -> Iterator[pb.StoryEntry]:
    delivery = story.delivery
    yield _entry(delivery, delivery.create_time, pb.StoryEntry.KIND_QUEUED)
    for attempt in story.attempts:
        for time, kind in (
            (attempt.start_time, pb.StoryEntry.KIND_ATTEMPTED),
            (attempt.end_time, pb.StoryEntry.KIND_ATTEMPT_ENDED),
        ):
            told = _entry(delivery, time, kind)
            told.attempt_number, told.actor = attempt.number, attempt.provider
            if kind == pb.StoryEntry.KIND_ATTEMPT_ENDED:
                told.reason = f"{attempt.outcome} {attempt.error_class}".strip()
                told.detail = attempt.error_detail
            yield told
    if delivery.HasField("begin_time"):
        yield _entry(delivery, delivery.begin_time, pb.StoryEntry.KIND_BEGUN)
    if delivery.HasField("finish_time"):
        told = _entry(delivery, delivery.finish_time, pb.StoryEntry.KIND_FINISHED)
        state = pb.DeliveryState.Name(delivery.state).removeprefix("DELIVERY_STATE_").lower()
        told.reason = f"{state} {delivery.finish_reason}".strip()
        yield told


def _entry(delivery: pb.Delivery, time: Timestamp, kind: pb.StoryEntry.Kind.ValueType) -> pb.StoryEntry:
    return pb.StoryEntry(time=time, kind=kind, delivery_id=delivery.id, channel=delivery.channel)
