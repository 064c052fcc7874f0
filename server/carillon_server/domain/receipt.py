"""Delivery receipts: what a provider tells after it took a message, and what that changes of the delivery.

States move forward only. An event may come late, twice, in the wrong order, or speak of an attempt that was
repeated since. What contradicts something known already changes nothing: who was told "delivered" keeps that.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from carillon_server.domain.delivery import DeliveryState
from carillon_server.domain.provider_event import EventKind, ProviderEvent
from carillon_server.domain.transitions import Event, may, next_state

_FAILURES = frozenset({EventKind.FAILED, EventKind.BOUNCED})
_RETIRING = frozenset({EventKind.BOUNCED, EventKind.COMPLAINED})


@dataclass(frozen=True, slots=True)
class Receipt:
    """What is known of a delivery after its attempt."""

    state: DeliveryState
    finish_reason: str | None = None
    confirm_time: datetime | None = None
    """When it arrived, as the provider says."""
    open_time: datetime | None = None
    click_time: datetime | None = None


def retires_endpoint(kind: EventKind) -> bool:
    """The address is dead or unwelcome, whatever becomes of this delivery."""
    return kind in _RETIRING


def settle(known: Receipt, event: ProviderEvent, *, superseded: bool) -> Receipt:
    """What is known after the event; `superseded`: there was another attempt after the one it speaks of."""
    if event.kind in _FAILURES:
        return known if superseded else _fail(known, event)
    if not may(known.state, Event.CONFIRMED):
        return known
    arrived = _arrive(known, event.event_time)
    if event.kind is EventKind.OPENED:
        return replace(arrived, open_time=arrived.open_time or event.event_time)
    if event.kind is EventKind.CLICKED:
        return replace(arrived, click_time=arrived.click_time or event.event_time)
    return arrived


def _arrive(known: Receipt, when: datetime) -> Receipt:
    """Every kind that is no failure says that it arrived."""
    state = next_state(known.state, Event.CONFIRMED) or known.state
    return replace(known, state=state, finish_reason=None, confirm_time=known.confirm_time or when)


def _fail(known: Receipt, event: ProviderEvent) -> Receipt:
    state = next_state(known.state, Event.BOUNCED)
    if state is None or known.confirm_time is not None:
        return known
    return replace(known, state=state, finish_reason=event.reason or event.kind.value)
