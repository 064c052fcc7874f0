"""Deliveries as operators look at them: which ones, and what is told of each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from carillon_server.domain.channel import Channel
from carillon_server.domain.delivery import DeliveryState
from carillon_server.domain.ids import DeliveryId

RETRYABLE_STATES = frozenset(
    {DeliveryState.EXHAUSTED, DeliveryState.REJECTED, DeliveryState.CANCELLED, DeliveryState.UNKNOWN}
)
"""Those from which an operator can have a delivery tried again."""


@dataclass(frozen=True, slots=True)
class DeliveryFilter:
    """Empty fields do not restrict; several must all match."""

    states: tuple[DeliveryState, ...] = ()
    channels: tuple[Channel, ...] = ()
    providers: tuple[str, ...] = ()
    """Of the last attempt."""
    types: tuple[str, ...] = ()
    recipient_id: str = ""
    start_time: datetime | None = None
    """Queued at or after it."""
    end_time: datetime | None = None
    """Queued before it."""
    finish_reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DeliveryPlace:
    """Where a page begins or ends: after the delivery with this key, in the order of the page."""

    create_time: datetime
    id: DeliveryId


@dataclass(frozen=True, slots=True)
class DeliveryView:
    """One delivery."""

    id: DeliveryId
    recipient_id: str
    type: str
    """Empty: its notification is forgotten."""
    channel: Channel
    address: str
    """Empty: its endpoint was deleted. With its secrets: see `mask_address`."""
    state: DeliveryState
    finish_reason: str
    provider: str
    attempt_count: int
    create_time: datetime
    next_attempt_time: datetime | None
    """None: not until others of its fallback chain have failed."""
    finish_time: datetime | None
    confirm_time: datetime | None
    open_time: datetime | None
    click_time: datetime | None
    begin_time: datetime | None
    """Since when it may be tried; None: since `create_time`."""
    request_trace: str

    @property
    def place(self) -> DeliveryPlace:
        return DeliveryPlace(self.create_time, self.id)


@dataclass(frozen=True, slots=True)
class AttemptView:
    """One try; what is not known yet is None or empty."""

    number: int
    provider: str
    start_time: datetime
    end_time: datetime | None
    outcome: str
    provider_message_id: str
    error_class: str
    error_detail: str
    next_attempt_time: datetime | None


@dataclass(frozen=True, slots=True)
class EventView:
    """What a provider told later."""

    provider: str
    kind: str
    event_time: datetime
    receive_time: datetime
    applied: bool
    detail: str


@dataclass(frozen=True, slots=True)
class DeliveryStory:
    """A delivery with everything that happened to it, in its order."""

    delivery: DeliveryView
    attempts: tuple[AttemptView, ...] = ()
    events: tuple[EventView, ...] = ()


@dataclass(frozen=True, slots=True)
class RedriveOutcome:
    """How far a redrive came."""

    redriven: int
    remaining: int
    """Counted up to a bound."""
    last: DeliveryPlace | None
    """Where to go on; None: nothing remains."""
