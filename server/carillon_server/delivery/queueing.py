"""Lines of deliveries that wait for a provider: who comes back when.

Were all that wait for one provider to come back when it is free again, ten thousand of them would be claimed
only to be sent away, again and again, and whatever else is due would stand behind them. So they come back one
after the other, in the order in which they were sent away, at a pace that costs next to nothing.
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
"""Nobody is sent further back: what they wait for may be over long before."""
_GAP_SECONDS = 0.005
_LONGEST_GAP_SECONDS = 1.0
_SHORTEST_SECONDS = 0.02
_MAX_LINES = 10_000


class WaitingLines:
    """The lines of one worker."""

    def __init__(self, rng: Random, clock: Callable[[], float] = time.monotonic) -> None:
        self._rng = rng
        self._clock = clock
        self._ends: dict[LineKey, float] = {}

    def join(self, key: LineKey, wait: Wait) -> float:
        """Seconds until the next one in this line is to come back."""
        now = self._clock()
        seconds = max(wait.seconds, _SHORTEST_SECONDS)
        turn = max(now + seconds, self._ends.get(key, 0.0) + _gap(wait))
        furthest = now + seconds + LONGEST_LINE_SECONDS
        if turn > furthest:
            return seconds + self._rng.uniform(LONGEST_LINE_SECONDS / 2, LONGEST_LINE_SECONDS)
        self._forget_old_lines(now)
        self._ends[key] = turn
        return (turn - now) * (1 + self._rng.uniform(0, 0.1))

    def _forget_old_lines(self, now: float) -> None:
        if len(self._ends) >= _MAX_LINES:
            self._ends = {key: end for key, end in self._ends.items() if end > now}


def _gap(wait: Wait) -> float:
    return min(max(wait.interval_seconds, _GAP_SECONDS), _LONGEST_GAP_SECONDS)
