"""One table says what may become of a delivery; the statements and the drawing say the same."""

from __future__ import annotations

import re
from pathlib import Path

from carillon_server.domain.delivery import PENDING_STATES, DeliveryState
from carillon_server.domain.transitions import TRANSITIONS, Event, may, next_state, origins

_PAGE = Path(__file__).parents[2] / "docs" / "state_machine.md"
_ARROW = re.compile(r"^    (\w+) --> (\w+): (.+)$", re.MULTILINE)


def test_the_drawing_shows_the_table() -> None:
    drawn = _ARROW.findall(_PAGE.read_text(encoding="utf-8"))
    assert len(drawn) == len(set(drawn))
    assert set(drawn) == {(state.name, to.name, event.value) for (state, event), to in TRANSITIONS.items()}


def test_what_is_due_is_what_can_be_claimed() -> None:
    """`state <= 3` in the index of due deliveries, and in every statement that reads by it."""
    assert origins(Event.CLAIMED) == PENDING_STATES == {state for state in DeliveryState if state <= 3}


def test_what_is_due_can_always_end() -> None:
    for state in PENDING_STATES:
        assert {Event.EXHAUSTED, Event.REJECTED, Event.WITHDRAWN} <= {e for s, e in TRANSITIONS if s is state}


def test_nothing_leaves_a_final_state_but_by_what_comes_from_outside() -> None:
    final = set(DeliveryState) - PENDING_STATES
    leaving = {event for (state, event) in TRANSITIONS if state in final}
    assert leaving == {Event.CONFIRMED, Event.BOUNCED, Event.REDRIVEN, Event.CALLED_UP}
    assert not may(DeliveryState.DELIVERED, Event.REDRIVEN)


def test_a_worker_alone_makes_attempts_uncertain() -> None:
    assert origins(Event.UNCERTAIN) == {DeliveryState.ATTEMPTING}
    assert next_state(DeliveryState.RETRYING, Event.UNCERTAIN) is None
    assert next_state(DeliveryState.UNKNOWN, Event.CONFIRMED) is DeliveryState.DELIVERED


def test_every_event_happens_somewhere() -> None:
    assert {event for _, event in TRANSITIONS} == set(Event)
