"""Lines are served in turn, and keep their order."""

from __future__ import annotations

import pytest

from carillon_server.domain.fair_queue import FairQueue


def _all(queue: FairQueue[int]) -> list[tuple[str, int]]:
    return [queue.pop() for _ in range(len(queue))]


def test_a_long_line_does_not_hold_up_a_short_one() -> None:
    queue = FairQueue[int]()
    for number in range(100):
        queue.push("noisy", number)
    queue.push("quiet", 0)
    queue.push("quiet", 1)
    assert _all(queue)[:5] == [("noisy", 0), ("quiet", 0), ("noisy", 1), ("quiet", 1), ("noisy", 2)]


def test_a_line_that_was_empty_has_no_turns_to_catch_up() -> None:
    queue = FairQueue[int]()
    for number in range(3):
        queue.push("first", number)
    assert [queue.pop(), queue.pop()] == [("first", 0), ("first", 1)]
    for number in range(3):
        queue.push("second", number)
    assert _all(queue) == [("first", 2), ("second", 0), ("second", 1), ("second", 2)]


def test_who_gives_up_leaves_no_gap() -> None:
    queue = FairQueue[int]()
    for number in range(3):
        queue.push("first", number)
    queue.push("second", 0)
    queue.remove("first", 0)
    queue.remove("first", 0)
    queue.remove("second", 0)
    queue.remove("second", 0)
    assert (len(queue), queue.line_count, queue.length_of("first"), queue.length_of("second")) == (2, 1, 2, 0)
    assert _all(queue) == [("first", 1), ("first", 2)]


def test_the_first_can_be_looked_at() -> None:
    queue = FairQueue[int]()
    queue.push("first", 1)
    queue.push("second", 2)
    assert (queue.first(), queue.pop(), queue.first()) == (1, ("first", 1), 2)


def test_nothing_comes_from_an_empty_one() -> None:
    with pytest.raises(StopIteration):
        FairQueue[int]().pop()
