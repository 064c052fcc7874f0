"""Deliveries, their stories and filters."""

from __future__ import annotations

from collections.abc import Sequence

from carillon.v1 import delivery_service_pb2 as pb
from carillon.v1 import types_pb2
from carillon_server.domain.channel import Channel
from carillon_server.domain.delivery import PENDING_STATES, DeliveryState
from carillon_server.domain.delivery_query import (
    AttemptView,
    DeliveryFilter,
    DeliveryStory,
    DeliveryView,
    EventView,
)
from carillon_server.domain.ids import NotificationId
from carillon_server.domain.masking import mask_address
from carillon_server.domain.story import NotificationFacts, StoryEntry, TakenDecision, tell
from carillon_server.transport.instants import optional_timestamp, set_timestamp, to_datetime, to_timestamp


def to_delivery_filter(message: pb.DeliveryFilter) -> DeliveryFilter:
    """Which deliveries; what is there twice counts once."""
    return DeliveryFilter(
        states=tuple(DeliveryState(number) for number in dict.fromkeys(message.states)),
        channels=tuple(Channel(number) for number in dict.fromkeys(message.channels)),
        providers=tuple(dict.fromkeys(message.providers)),
        types=tuple(dict.fromkeys(message.types)),
        recipient_id=message.recipient_id,
        start_time=to_datetime(message.start_time) if message.HasField("start_time") else None,
        end_time=to_datetime(message.end_time) if message.HasField("end_time") else None,
        finish_reasons=tuple(dict.fromkeys(message.finish_reasons)),
    )


def to_delivery_message(view: DeliveryView) -> pb.Delivery:
    """A delivery as operators see it, without the secrets of its address."""
    pending = view.state in PENDING_STATES
    return pb.Delivery(
        id=str(view.id),
        notification_id=str(NotificationId(view.id.inbox_id, view.id.seq)),
        recipient_id=view.recipient_id,
        type=view.type,
        channel=types_pb2.Channel.ValueType(view.channel),
        address=mask_address(view.channel, view.address) if view.address else "",
        state=pb.DeliveryState.ValueType(view.state),
        finish_reason="" if pending else view.finish_reason,
        provider=view.provider,
        attempt_count=view.attempt_count,
        create_time=to_timestamp(view.create_time),
        next_attempt_time=optional_timestamp(view.next_attempt_time) if pending else None,
        finish_time=optional_timestamp(view.finish_time),
        confirm_time=optional_timestamp(view.confirm_time),
        open_time=optional_timestamp(view.open_time),
        click_time=optional_timestamp(view.click_time),
        begin_time=optional_timestamp(view.begin_time),
        request_trace=view.request_trace,
    )


def to_story_message(story: DeliveryStory) -> pb.DeliveryStory:
    """A delivery with its attempts and events."""
    return pb.DeliveryStory(
        delivery=to_delivery_message(story.delivery),
        attempts=[to_attempt_message(attempt) for attempt in story.attempts],
        events=[to_event_message(event) for event in story.events],
    )


def to_explanation(
    facts: NotificationFacts, deliveries: Sequence[DeliveryStory]
) -> pb.ExplainNotificationResponse:
    """The whole story of one notification."""
    return pb.ExplainNotificationResponse(
        id=str(facts.id),
        recipient_id=facts.recipient_id,
        type=facts.type,
        sender=facts.sender,
        priority=types_pb2.Priority.ValueType(facts.priority),
        create_time=to_timestamp(facts.create_time),
        deliver_time=to_timestamp(facts.deliver_time),
        expire_time=optional_timestamp(facts.expire_time),
        entries=[_to_entry(entry) for entry in tell(facts, deliveries)],
        deliveries=[to_story_message(story) for story in deliveries],
    )


def to_attempt_message(attempt: AttemptView) -> pb.Attempt:
    """One try."""
    return pb.Attempt(
        number=attempt.number,
        provider=attempt.provider,
        start_time=to_timestamp(attempt.start_time),
        end_time=optional_timestamp(attempt.end_time),
        outcome=attempt.outcome,
        provider_message_id=attempt.provider_message_id,
        error_class=attempt.error_class,
        error_detail=attempt.error_detail,
        next_attempt_time=optional_timestamp(attempt.next_attempt_time),
    )


def to_event_message(event: EventView) -> pb.ProviderEvent:
    """What a provider told."""
    return pb.ProviderEvent(
        provider=event.provider,
        kind=event.kind,
        event_time=to_timestamp(event.event_time),
        receive_time=to_timestamp(event.receive_time),
        applied=event.applied,
        detail=event.detail,
    )


def _to_entry(entry: StoryEntry) -> pb.StoryEntry:
    message = pb.StoryEntry(
        kind=pb.StoryEntry.Kind.ValueType(entry.kind),
        delivery_id=entry.delivery_id,
        channel=types_pb2.Channel.ValueType(entry.channel or 0),
        attempt_number=entry.attempt_number,
        actor=entry.actor,
        reason=entry.reason,
        detail=entry.detail,
        decision=_to_decision(entry.decision) if entry.decision else None,
    )
    set_timestamp(message.time, entry.time)
    return message


def _to_decision(decision: TakenDecision) -> types_pb2.Decision:
    return types_pb2.Decision(
        channel=types_pb2.Channel.ValueType(decision.channel),
        verdict=types_pb2.Verdict.ValueType(decision.verdict),
        reason=types_pb2.DecisionReason.ValueType(decision.reason),
    )
