"""Rings when those that wait for a provider are to come back.

They stand at moments of their own, a few hundredths of a second apart. Were they found by the sweep alone, a
provider of five messages a second, one at once, would get one a second.
"""

from __future__ import annotations

import asyncio
import heapq
import math
from collections.abc import Callable

_TICK_SECONDS = 0.02
"""Those who come back within one are fetched together."""
_LONGEST_SECONDS = 60.0
"""Who waits for longer can wait for the sweep too. With the tick, it bounds what is remembered."""


class Alarm:
    """Moments at which to look; those of one tick are one."""

    def __init__(self, ring: Callable[[], None]) -> None:
        self._ring = ring
        self._ticks: list[int] = []
        self._set: set[int] = set()
        self._timer: asyncio.TimerHandle | None = None

    def set(self, seconds: float) -> None:
        """Rings in so many seconds, or a tick later."""
        if seconds > _LONGEST_SECONDS:
            return
        tick = math.ceil((asyncio.get_running_loop().time() + seconds) / _TICK_SECONDS)
        if tick in self._set:
            return
        self._set.add(tick)
        heapq.heappush(self._ticks, tick)
        if self._ticks[0] == tick:
            self._wind()

    def _wind(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        loop = asyncio.get_running_loop()
        self._timer = loop.call_at(self._ticks[0] * _TICK_SECONDS, self._strike)

    def _strike(self) -> None:
        self._timer = None
        now = asyncio.get_running_loop().time() / _TICK_SECONDS
        while self._ticks and self._ticks[0] <= now:
            self._set.discard(heapq.heappop(self._ticks))
        if self._ticks:
            self._wind()
        self._ring()
