"""Lines of deliveries that wait for a provider: who comes back when.

Were all that wait for one provider to come back when it is free again, ten thousand of them would be claimed
only to be sent away, again and again, and whatever else is due would stand behind them. So they come back one
after the other, in the order in which they were sent away, at a pace that costs next to nothing.

A line is a minute long. Who finds it full comes back later, also one after the other: however many they are,
sending them away again takes a worker little of its time.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from random import Random
from typing import TypeAlias

from carillon_server.delivery.routing.route import Wait
from carillon_server.domain.channel import Channel
from carillon_server.domain.lane import Lane

LineKey: TypeAlias = tuple[str, Channel, Lane]
"""Tenant, channel and lane: nobody urgent stands behind those who can wait."""

LONGEST_LINE_SECONDS = 60.0
"""Where the line ends: what those in it wait for may be over long before."""
LONGEST_ABSENCE_SECONDS = 3600.0
"""Nobody who found the line full is sent away for longer, but for what the wait itself takes."""
_GAP_SECONDS = 0.0002
_LONGEST_GAP_SECONDS = 1.0
_ABSENT_GAP_SECONDS = 0.004
_SHORTEST_SECONDS = 0.02
_MAX_LINES = 10_000


class WaitingLines:
    """The lines of one worker."""

    def __init__(self, rng: Random, clock: Callable[[], float] = time.monotonic) -> None:
        self._rng = rng
        self._clock = clock
        self._ends: dict[LineKey, float] = {}
        self._absent_until: dict[LineKey, float] = {}
        """When the last of those comes back who found the line full."""

    def join(self, key: LineKey, wait: Wait) -> float:
        """Seconds until the next one in this line is to come back."""
        now = self._clock()
        seconds = max(wait.seconds, _SHORTEST_SECONDS)
        turn = max(now + seconds, self._ends.get(key, 0.0) + _gap(wait))
        furthest = now + seconds + LONGEST_LINE_SECONDS
        if turn > furthest:
            turn = self._send_away(key, now + seconds)
        else:
            self._ends = _without_old(self._ends, now)
            self._ends[key] = turn
        return (turn - now) * (1 + self._rng.uniform(0, 0.1))

    def _send_away(self, key: LineKey, soonest: float) -> float:
        turn = max(soonest + LONGEST_LINE_SECONDS / 2, self._absent_until.get(key, 0.0) + _ABSENT_GAP_SECONDS)
        furthest = soonest + LONGEST_ABSENCE_SECONDS
        if turn > furthest:
            return self._rng.uniform(soonest + LONGEST_ABSENCE_SECONDS / 2, furthest)
        self._absent_until = _without_old(self._absent_until, soonest)
        self._absent_until[key] = turn
        return turn


def _without_old(ends: dict[LineKey, float], now: float) -> dict[LineKey, float]:
    return ends if len(ends) < _MAX_LINES else {key: end for key, end in ends.items() if end > now}


def _gap(wait: Wait) -> float:
    return min(max(wait.interval_seconds, _GAP_SECONDS), _LONGEST_GAP_SECONDS)
