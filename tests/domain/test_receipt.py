"""What providers tell afterwards moves deliveries forward only."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carillon_server.domain.delivery import DeliveryState
from carillon_server.domain.provider_event import EventKind, ProviderEvent
from carillon_server.domain.receipt import Receipt, retires_endpoint, settle

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
LATER = NOON + timedelta(minutes=5)
TAKEN = Receipt(DeliveryState.DELIVERED)
CONFIRMED = Receipt(DeliveryState.DELIVERED, confirm_time=NOON)
UNKNOWN = Receipt(DeliveryState.UNKNOWN, "timeout")
REJECTED = Receipt(DeliveryState.REJECTED, "bounced")


def event(kind: EventKind, when: datetime = LATER, reason: str = "") -> ProviderEvent:
    return ProviderEvent("e1", "m1", kind, when, reason)


def after(known: Receipt, kind: EventKind, *, superseded: bool = False) -> Receipt:
    return settle(known, event(kind), superseded=superseded)


@pytest.mark.parametrize(
    ("known", "kind", "then"),
    [
        (TAKEN, EventKind.DELIVERED, Receipt(DeliveryState.DELIVERED, confirm_time=LATER)),
        (UNKNOWN, EventKind.DELIVERED, Receipt(DeliveryState.DELIVERED, confirm_time=LATER)),
        (CONFIRMED, EventKind.DELIVERED, CONFIRMED),
        (REJECTED, EventKind.DELIVERED, REJECTED),
        (TAKEN, EventKind.FAILED, Receipt(DeliveryState.REJECTED, "failed")),
        (TAKEN, EventKind.BOUNCED, Receipt(DeliveryState.REJECTED, "bounced")),
        (UNKNOWN, EventKind.FAILED, Receipt(DeliveryState.REJECTED, "failed")),
        (CONFIRMED, EventKind.FAILED, CONFIRMED),
        (CONFIRMED, EventKind.BOUNCED, CONFIRMED),
        (REJECTED, EventKind.BOUNCED, REJECTED),
        (TAKEN, EventKind.OPENED, Receipt(DeliveryState.DELIVERED, None, LATER, LATER)),
        (CONFIRMED, EventKind.OPENED, Receipt(DeliveryState.DELIVERED, None, NOON, LATER)),
        (CONFIRMED, EventKind.CLICKED, Receipt(DeliveryState.DELIVERED, None, NOON, None, LATER)),
        (UNKNOWN, EventKind.COMPLAINED, Receipt(DeliveryState.DELIVERED, confirm_time=LATER)),
    ],
)
def test_each_event_does_one_thing(known: Receipt, kind: EventKind, then: Receipt) -> None:
    assert after(known, kind) == then


@pytest.mark.parametrize(
    "state",
    [state for state in DeliveryState if state not in (DeliveryState.DELIVERED, DeliveryState.UNKNOWN)],
)
@pytest.mark.parametrize("kind", EventKind)
def test_what_was_not_taken_is_not_touched(state: DeliveryState, kind: EventKind) -> None:
    assert after(Receipt(state), kind) == Receipt(state)


def test_a_failure_of_an_attempt_that_was_repeated_says_nothing_of_the_last() -> None:
    assert after(TAKEN, EventKind.FAILED, superseded=True) == TAKEN
    assert after(TAKEN, EventKind.DELIVERED, superseded=True).confirm_time == LATER


def test_a_failure_is_called_as_the_provider_calls_it() -> None:
    told = settle(TAKEN, event(EventKind.FAILED, reason="twilio_30003"), superseded=False)
    assert told.finish_reason == "twilio_30003"


def test_only_dead_and_unwelcome_addresses_are_retired() -> None:
    assert {kind for kind in EventKind if retires_endpoint(kind)} == {EventKind.BOUNCED, EventKind.COMPLAINED}


@given(
    st.sampled_from([TAKEN, UNKNOWN, CONFIRMED]),
    st.lists(st.builds(event, st.sampled_from(EventKind), st.datetimes(timezones=st.just(UTC)))),
)
def test_whatever_comes_in_whatever_order_nothing_known_is_taken_back(
    known: Receipt, events: list[ProviderEvent]
) -> None:
    for each in events:
        told = settle(known, each, superseded=False)
        assert settle(told, each, superseded=False) == told
        for name in ("confirm_time", "open_time", "click_time"):
            assert getattr(known, name) in (None, getattr(told, name))
        if known.confirm_time or known.state is DeliveryState.REJECTED:
            assert told.state is known.state
        assert told.state in (DeliveryState.DELIVERED, DeliveryState.REJECTED, known.state)
        known = told
