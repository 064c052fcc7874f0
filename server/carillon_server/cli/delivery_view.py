"""Deliveries and their stories, for people."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from rich.text import Text

from carillon.v1.delivery_service_pb2 import Delivery, DeliveryState, StoryEntry
from carillon.v1.types_pb2 import Channel, DecisionReason, Verdict
from carillon_server.cli import output
from carillon_server.cli.names import readable

if TYPE_CHECKING:
    from google.protobuf.timestamp_pb2 import Timestamp

    from carillon.v1.delivery_service_pb2 import Attempt, DeliveryStory, ExplainNotificationResponse

_STYLES = {
    DeliveryState.DELIVERY_STATE_DELIVERED: "green",
    DeliveryState.DELIVERY_STATE_RETRYING: "yellow",
    DeliveryState.DELIVERY_STATE_EXHAUSTED: "red",
    DeliveryState.DELIVERY_STATE_REJECTED: "red",
    DeliveryState.DELIVERY_STATE_UNKNOWN: "red",
    DeliveryState.DELIVERY_STATE_CANCELLED: "dim",
}
_AGAIN = "`carillon deliveries retry {id}` tries it again."
_NEXT = {
    DeliveryState.DELIVERY_STATE_SCHEDULED: "It is tried at {time}.",
    DeliveryState.DELIVERY_STATE_ATTEMPTING: "A worker is at it; if it dies, another takes over at {time}.",
    DeliveryState.DELIVERY_STATE_RETRYING: "It is tried again at {time}.",
    DeliveryState.DELIVERY_STATE_DELIVERED: "The provider has it.",
    DeliveryState.DELIVERY_STATE_EXHAUSTED: f"All attempts failed. {_AGAIN}",
    DeliveryState.DELIVERY_STATE_REJECTED: f"It was refused for good. When that is mended, {_AGAIN}",
    DeliveryState.DELIVERY_STATE_CANCELLED: f"Nobody tries it any more. {_AGAIN}",
    DeliveryState.DELIVERY_STATE_UNKNOWN: f"It may have arrived, or not. {_AGAIN} It may then arrive twice.",
}
_KINDS = {
    StoryEntry.KIND_SENT: "sent",
    StoryEntry.KIND_SHOWN: "shown in the inbox",
    StoryEntry.KIND_QUEUED: "queued",
    StoryEntry.KIND_ATTEMPTED: "attempt {number} began",
    StoryEntry.KIND_ATTEMPT_ENDED: "attempt {number} ended",
    StoryEntry.KIND_PROVIDER_EVENT: "told",
    StoryEntry.KIND_BEGUN: "began anew",
    StoryEntry.KIND_FINISHED: "ended",
    StoryEntry.KIND_ACKED: "confirmed by a device",
    StoryEntry.KIND_SEEN: "seen",
    StoryEntry.KIND_READ: "read",
    StoryEntry.KIND_ACTED: "button pressed",
    StoryEntry.KIND_ARCHIVED: "archived",
    StoryEntry.KIND_REMOVED: "removed",
}


def show_deliveries(deliveries: Iterable[Delivery]) -> None:
    """One row per delivery; under its state why it ended."""
    table = output.table("id", "queued", "to", "state", ids=("id", "state"))
    for delivery in deliveries:
        table.add_row(
            delivery.id,
            output.short_time(delivery.create_time),
            f"{readable(Channel, delivery.channel)} {output.plain(delivery.recipient_id)}",
            _state_and_reason(delivery),
        )
    output.show(table if table.row_count else Text("Nothing here.", "dim"))


def show_story(story: DeliveryStory) -> None:
    """What it is, what happened, what is next."""
    delivery = story.delivery
    where = output.plain(delivery.address) or "an address that is gone"
    output.show(Text.assemble(f"{readable(Channel, delivery.channel)} to {where}: ", _state(delivery)))
    output.show(f"{output.plain(delivery.type)} for {output.plain(delivery.recipient_id)}")
    output.show(f"delivery      {delivery.id}", f"notification  {delivery.notification_id}")
    table = output.table("time", "what", "by", "outcome", "what was said", ids=("time",))
    for row in sorted(_rows(story), key=lambda row: row[0].ToNanoseconds()):
        table.add_row(output.precise_time(row[0]), *row[1:])
    output.show("", table, "", _next(delivery))


def show_explanation(explained: ExplainNotificationResponse) -> None:
    """Everything in the order of time."""
    output.show(
        f"{output.plain(explained.type)} for {output.plain(explained.recipient_id)}, "
        f"from {output.plain(explained.sender)}"
    )
    table = output.table("time", "channel", "what", "by", "why", ids=("time",))
    for entry in explained.entries:
        table.add_row(output.precise_time(entry.time), _channel_of(entry), _what(entry), *_by_and_why(entry))
    output.show("", table, "")
    if explained.deliveries:
        show_deliveries(story.delivery for story in explained.deliveries)


def _rows(story: DeliveryStory) -> Iterator[tuple[Timestamp, str, str, str, str]]:
    delivery = story.delivery
    yield delivery.create_time, "queued", "", "", ""
    for attempt in story.attempts:
        yield (
            attempt.start_time,
            f"attempt {attempt.number}",
            output.plain(attempt.provider),
            _outcome(attempt),
            _said(attempt),
        )
    for event in story.events:
        late = "" if event.applied else " (changed nothing)"
        yield (
            event.event_time,
            "told",
            output.plain(event.provider),
            event.kind + late,
            output.plain(event.detail),
        )
    if delivery.HasField("begin_time"):
        yield delivery.begin_time, "began anew", "", "", ""
    if delivery.HasField("finish_time"):
        yield delivery.finish_time, "ended", "", _state(delivery).plain, output.plain(delivery.finish_reason)


def _outcome(attempt: Attempt) -> str:
    if not attempt.outcome:
        return "no answer yet"
    return " ".join(filter(None, (attempt.outcome, output.plain(attempt.error_class))))


def _said(attempt: Attempt) -> str:
    if attempt.HasField("next_attempt_time"):
        then = f"next at {output.precise_time(attempt.next_attempt_time)}"
        return "; ".join(filter(None, (output.plain(attempt.error_detail), then)))
    return output.plain(attempt.error_detail or attempt.provider_message_id)


def _next(delivery: Delivery) -> str:
    if delivery.state == DeliveryState.DELIVERY_STATE_SCHEDULED and not delivery.HasField(
        "next_attempt_time"
    ):
        return "It waits for another channel to fail."
    when = output.precise_time(delivery.next_attempt_time)
    return _NEXT.get(delivery.state, "").format(id=delivery.id, time=when)


def _state(delivery: Delivery) -> Text:
    return Text(readable(DeliveryState, delivery.state), _STYLES.get(delivery.state, ""))


def _state_and_reason(delivery: Delivery) -> Text:
    state = _state(delivery)
    return (
        state.append(f"\n{output.plain(delivery.finish_reason)}", "dim") if delivery.finish_reason else state
    )


def _channel_of(entry: StoryEntry) -> str:
    channel = entry.decision.channel if entry.kind == StoryEntry.KIND_DECIDED else entry.channel
    return readable(Channel, channel) if channel else ""


def _what(entry: StoryEntry) -> str:
    if entry.kind == StoryEntry.KIND_DECIDED:
        return f"decided: {readable(Verdict, entry.decision.verdict)}"
    template = _KINDS.get(entry.kind, readable(StoryEntry.Kind, entry.kind))
    return template.format(number=entry.attempt_number)


def _by_and_why(entry: StoryEntry) -> tuple[str, str]:
    if entry.kind == StoryEntry.KIND_DECIDED:
        return "", readable(DecisionReason, entry.decision.reason).replace("_", " ")
    why = ": ".join(filter(None, (entry.reason, entry.detail)))
    return output.plain(entry.actor), output.plain(why)
