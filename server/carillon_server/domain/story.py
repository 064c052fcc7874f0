"""What happened to one notification, in the order of time. Pure: put together from what is stored."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum

from carillon_server.domain.channel import Channel, Priority
from carillon_server.domain.delivery_query import AttemptView, DeliveryStory
from carillon_server.domain.ids import NotificationId


class EntryKind(IntEnum):
    """What happened; the numbers are those of the API, and their order that of things of one instant."""

    SENT = 1
    DECIDED = 2
    SHOWN = 3
    QUEUED = 4
    ATTEMPTED = 5
    ATTEMPT_ENDED = 6
    PROVIDER_EVENT = 7
    BEGUN = 8
    FINISHED = 9
    ACKED = 10
    SEEN = 11
    READ = 12
    ACTED = 13
    ARCHIVED = 14
    REMOVED = 15


@dataclass(frozen=True, slots=True)
class TakenDecision:
    """A decision as it was kept; the numbers are those of the API."""

    channel: int
    verdict: int
    reason: int


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """A device that has the inbox up to this notification or further."""

    device_id: str
    ack_time: datetime
    """Of its last confirmation."""


@dataclass(frozen=True, slots=True)
class NotificationFacts:
    """What is stored of a notification, but for what it says."""

    id: NotificationId
    recipient_id: str
    type: str
    sender: str
    priority: Priority
    create_time: datetime
    deliver_time: datetime
    expire_time: datetime | None
    shown: bool
    """It was or is in the inbox."""
    seen_time: datetime | None
    read_time: datetime | None
    archive_time: datetime | None
    action_id: str
    action_time: datetime | None
    remove_time: datetime | None
    decisions: tuple[TakenDecision, ...]
    acknowledgements: tuple[Acknowledgement, ...]
    now: datetime
    """When all this was read."""


@dataclass(frozen=True, slots=True)
class StoryEntry:
    """One thing that happened."""

    time: datetime
    kind: EntryKind
    delivery_id: str = ""
    channel: Channel | None = None
    attempt_number: int = 0
    actor: str = ""
    reason: str = ""
    detail: str = ""
    decision: TakenDecision | None = None


def tell(facts: NotificationFacts, deliveries: Sequence[DeliveryStory]) -> list[StoryEntry]:
    """All that happened, the oldest first; what lies ahead has not."""
    entries = [*_of_notification(facts, deliveries)]
    for story in deliveries:
        entries += _of_delivery(story)
    happened = [entry for entry in entries if entry.time <= facts.now]
    return sorted(happened, key=lambda entry: (entry.time, entry.kind, entry.delivery_id))


def _of_notification(facts: NotificationFacts, deliveries: Iterable[DeliveryStory]) -> Iterator[StoryEntry]:
    yield StoryEntry(facts.create_time, EntryKind.SENT, actor=facts.sender)
    for decision in facts.decisions:
        yield StoryEntry(facts.create_time, EntryKind.DECIDED, decision=decision)
    if facts.shown:
        yield StoryEntry(facts.deliver_time, EntryKind.SHOWN)
    for acknowledgement in facts.acknowledgements:
        yield StoryEntry(acknowledgement.ack_time, EntryKind.ACKED, actor=acknowledgement.device_id)
    for kind, time, reason in (
        (EntryKind.SEEN, facts.seen_time, ""),
        (EntryKind.READ, facts.read_time, ""),
        (EntryKind.ACTED, facts.action_time, facts.action_id),
        (EntryKind.ARCHIVED, facts.archive_time, ""),
        (EntryKind.REMOVED, facts.remove_time, _removal_reason(facts, deliveries)),
    ):
        if time is not None:
            yield StoryEntry(time, kind, reason=reason)


def _removal_reason(facts: NotificationFacts, deliveries: Iterable[DeliveryStory]) -> str:
    """Deliveries that waited were called back with it and keep why."""
    for story in deliveries:
        if facts.remove_time is not None and story.delivery.finish_time == facts.remove_time:
            return story.delivery.finish_reason
    expired = facts.expire_time and facts.remove_time and facts.expire_time <= facts.remove_time
    return "expired" if expired else ""


def _of_delivery(story: DeliveryStory) -> Iterator[StoryEntry]:
    delivery = story.delivery
    id_, channel = str(delivery.id), delivery.channel
    yield StoryEntry(delivery.create_time, EntryKind.QUEUED, id_, channel)
    for attempt in story.attempts:
        yield from _of_attempt(attempt, id_, channel)
    for event in story.events:
        yield StoryEntry(
            event.event_time,
            EntryKind.PROVIDER_EVENT,
            id_,
            channel,
            actor=event.provider,
            reason=event.kind,
            detail=event.detail,
        )
    if delivery.begin_time is not None:
        yield StoryEntry(delivery.begin_time, EntryKind.BEGUN, id_, channel)
    if delivery.finish_time is not None:
        reason = " ".join(filter(None, (delivery.state.name.lower(), delivery.finish_reason)))
        yield StoryEntry(delivery.finish_time, EntryKind.FINISHED, id_, channel, reason=reason)


def _of_attempt(attempt: AttemptView, id_: str, channel: Channel) -> Iterator[StoryEntry]:
    yield StoryEntry(
        attempt.start_time, EntryKind.ATTEMPTED, id_, channel, attempt.number, actor=attempt.provider
    )
    if attempt.end_time is not None:
        yield StoryEntry(
            attempt.end_time,
            EntryKind.ATTEMPT_ENDED,
            id_,
            channel,
            attempt.number,
            attempt.provider,
            " ".join(filter(None, (attempt.outcome, attempt.error_class))),
            attempt.error_detail,
        )
