"""The one table of what may become of a delivery: in which state which event leads where.

Statements that move deliveries name the states that they may find; tests hold them, and the drawing in
`docs/state_machine.md`, against this table.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from carillon_server.domain.delivery import DeliveryState as State


class Event(StrEnum):
    """What can happen to a delivery."""

    CLAIMED = "claimed"
    """A worker takes it, or takes it over after a lease ended."""
    POSTPONED = "postponed"
    """It was due, but nobody may take it now."""
    DELIVERED = "delivered"
    """The provider took it."""
    FAILED = "failed"
    """The attempt failed in a way that may pass, or a stopping worker handed it back."""
    EXHAUSTED = "exhausted"
    """There are no attempts or there is no time left."""
    REJECTED = "rejected"
    """It will never be taken, or its rows make no sense."""
    UNCERTAIN = "uncertain"
    """It may or may not have been taken, and must not be repeated."""
    WITHDRAWN = "withdrawn"
    """It is not wanted any more."""
    NOT_NEEDED = "not needed"
    """Another channel of its chain reached the person."""
    CALLED_UP = "called up"
    """The channels before it in its chain failed."""
    CONFIRMED = "confirmed"
    """The provider says that it arrived."""
    BOUNCED = "bounced"
    """The provider says that it did not arrive after all."""
    REDRIVEN = "redriven"
    """An operator wants it tried anew."""


_DUE = (State.SCHEDULED, State.RETRYING, State.ATTEMPTING)
_FAILED = (State.EXHAUSTED, State.REJECTED, State.CANCELLED, State.UNKNOWN)


def _from(states: tuple[State, ...], event: Event, to: State) -> dict[tuple[State, Event], State]:
    return {(state, event): to for state in states}


TRANSITIONS: Mapping[tuple[State, Event], State] = {
    **_from(_DUE, Event.CLAIMED, State.ATTEMPTING),
    (State.SCHEDULED, Event.POSTPONED): State.SCHEDULED,
    **_from((State.RETRYING, State.ATTEMPTING), Event.POSTPONED, State.RETRYING),
    (State.ATTEMPTING, Event.DELIVERED): State.DELIVERED,
    (State.ATTEMPTING, Event.FAILED): State.RETRYING,
    **_from(_DUE, Event.EXHAUSTED, State.EXHAUSTED),
    **_from(_DUE, Event.REJECTED, State.REJECTED),
    (State.ATTEMPTING, Event.UNCERTAIN): State.UNKNOWN,
    **_from(_DUE, Event.WITHDRAWN, State.CANCELLED),
    **_from((State.SCHEDULED, State.RETRYING), Event.NOT_NEEDED, State.CANCELLED),
    **_from((State.SCHEDULED, State.CANCELLED), Event.CALLED_UP, State.SCHEDULED),
    **_from((State.DELIVERED, State.UNKNOWN), Event.CONFIRMED, State.DELIVERED),
    **_from((State.DELIVERED, State.UNKNOWN), Event.BOUNCED, State.REJECTED),
    **_from(_FAILED, Event.REDRIVEN, State.SCHEDULED),
}
"""Every (state, event) that can happen, and the state that it leads to."""


def next_state(state: State, event: Event) -> State | None:
    """None: the event cannot happen there."""
    return TRANSITIONS.get((state, event))


def may(state: State, event: Event) -> bool:
    """Whether the event can happen there."""
    return (state, event) in TRANSITIONS


def origins(event: Event) -> frozenset[State]:
    """The states in which it can happen."""
    return frozenset(state for state, each in TRANSITIONS if each is event)
