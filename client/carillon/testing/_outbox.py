"""The deliveries of the fake: all arrive at once, unless the address says that it cannot be reached."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from datetime import datetime

from google.protobuf.timestamp_pb2 import Timestamp

from carillon.testing._entry import Entry, Stage, now_utc, to_datetime, to_timestamp
from carillon.testing._inbox import going_out
from carillon.testing._store import Store
from carillon.v1 import delivery_service_pb2 as pb
from carillon.v1 import types_pb2

PROVIDER = "fake"
UNREACHABLE = "unreachable"
"""What addresses begin with that nothing arrives at: their deliveries wait, as with a relay that is away."""
PENDING = (pb.DELIVERY_STATE_SCHEDULED, pb.DELIVERY_STATE_ATTEMPTING, pb.DELIVERY_STATE_RETRYING)
RETRYABLE = (
    pb.DELIVERY_STATE_EXHAUSTED,
    pb.DELIVERY_STATE_REJECTED,
    pb.DELIVERY_STATE_CANCELLED,
    pb.DELIVERY_STATE_UNKNOWN,
)
_ERROR_CLASS = "unreachable"


def settled(store: Store) -> dict[str, pb.DeliveryStory]:
    """All deliveries by id, with everything tried that is due."""
    for _, entry in list(store.entries()):
        _queue(store, entry)
    for story in store.deliveries.values():
        if story.delivery.state == pb.DELIVERY_STATE_SCHEDULED:
            _attempt(story)
    return store.deliveries


def queue_now(store: Store, entry: Entry) -> None:
    """For the endpoints that there are when it is sent."""
    _queue(store, entry)


def begin_anew(delivery: pb.Delivery) -> None:
    """Makes it due."""
    delivery.state = pb.DELIVERY_STATE_SCHEDULED
    delivery.finish_reason = ""
    delivery.ClearField("finish_time")
    delivery.next_attempt_time.CopyFrom(_now())
    delivery.begin_time.CopyFrom(_now())


def finish(delivery: pb.Delivery, state: pb.DeliveryState.ValueType, reason: str = "") -> None:
    """Ends it."""
    delivery.state = state
    delivery.finish_reason = reason
    delivery.finish_time.CopyFrom(_now())
    delivery.ClearField("next_attempt_time")


def call_back(store: Store, entry: Entry, reason: str) -> int:
    """Ends what of a notification waits; how many."""
    waiting = [
        story.delivery
        for story in settled(store).values()
        if story.delivery.notification_id == entry.notification.id and story.delivery.state in PENDING
    ]
    for delivery in waiting:
        finish(delivery, pb.DELIVERY_STATE_CANCELLED, reason)
    return len(waiting)


def matches(delivery: pb.Delivery, filter: pb.DeliveryFilter) -> bool:
    """Whether a filter lets it through."""
    created = to_datetime(delivery.create_time)
    allowed = (
        (filter.states, delivery.state),
        (filter.channels, delivery.channel),
        (filter.providers, delivery.provider),
        (filter.types, delivery.type),
        (filter.finish_reasons, delivery.finish_reason),
        ([filter.recipient_id] if filter.recipient_id else [], delivery.recipient_id),
    )
    return (
        all(not values or value in values for values, value in allowed)
        and (not filter.HasField("start_time") or created >= to_datetime(filter.start_time))
        and (not filter.HasField("end_time") or created < to_datetime(filter.end_time))
    )


def still_wanted(store: Store, delivery: pb.Delivery) -> bool:
    """Whether its notification is there and has not expired."""
    found = find_entry(store, delivery.notification_id)
    return found is not None and not is_expired(found, now_utc()) and found.stage is not Stage.REMOVED


def find_entry(store: Store, notification_id: str) -> Entry | None:
    """Wherever it is."""
    return next((e for _, e in store.entries() if e.notification.id == notification_id), None)


def is_expired(entry: Entry, now: datetime) -> bool:
    """Whether its time has passed."""
    notification = entry.notification
    return notification.HasField("expire_time") and to_datetime(notification.expire_time) <= now


def _queue(store: Store, entry: Entry) -> None:
    if entry.queued or entry.stage not in (Stage.VISIBLE, Stage.HIDDEN):
        return
    entry.queued = True
    channels = {decision.channel for decision in going_out(entry.decisions)} - {types_pb2.CHANNEL_IN_APP}
    profile = store.profiles.get(entry.notification.recipient_id)
    for endpoint in list(profile.endpoints.values()) if profile else ():
        if endpoint.channel in channels:
            story = _story(entry.notification, endpoint.channel, endpoint.address)
            store.deliveries[story.delivery.id] = story


def _story(
    notification: types_pb2.Notification, channel: types_pb2.Channel.ValueType, address: str
) -> pb.DeliveryStory:
    return pb.DeliveryStory(
        delivery=pb.Delivery(
            id=f"dlv_{uuid.uuid4().hex}",
            notification_id=notification.id,
            recipient_id=notification.recipient_id,
            type=notification.type,
            channel=channel,
            address=address,
            state=pb.DELIVERY_STATE_SCHEDULED,
            create_time=_now(),
            next_attempt_time=_now(),
        )
    )


def _attempt(story: pb.DeliveryStory) -> None:
    delivery = story.delivery
    delivery.attempt_count += 1
    delivery.provider = PROVIDER
    attempt = story.attempts.add(
        number=delivery.attempt_count, provider=PROVIDER, start_time=_now(), end_time=_now()
    )
    if delivery.address.startswith(UNREACHABLE):
        delivery.state = pb.DELIVERY_STATE_RETRYING
        attempt.outcome, attempt.error_class = "retry", _ERROR_CLASS
        attempt.error_detail = "nobody is there"
        attempt.next_attempt_time.CopyFrom(delivery.next_attempt_time)
        return
    attempt.outcome = "delivered"
    finish(delivery, pb.DELIVERY_STATE_DELIVERED)


def _now() -> Timestamp:
    return to_timestamp(now_utc())


def exhaust(stories: Iterable[pb.DeliveryStory]) -> None:
    """Ends those that wait, as if all their attempts had failed."""
    for delivery in _waiting(stories):
        finish(delivery, pb.DELIVERY_STATE_EXHAUSTED, _ERROR_CLASS)


def _waiting(stories: Iterable[pb.DeliveryStory]) -> Iterator[pb.Delivery]:
    return (story.delivery for story in stories if story.delivery.state in PENDING)
