"""When those who could not be served now come back: one after the other, not all at the same moment. Pure:
`now` is a monotonic time in seconds.
"""

from __future__ import annotations

LONGEST_SECONDS = 30.0


class WaitingLine:
    """Hands out times that lie one interval apart.

    They spread over `longest_seconds` at most: where more are waiting than that holds, several share a time,
    so nobody is sent away for hours because many were here first.
    """

    def __init__(self, longest_seconds: float = LONGEST_SECONDS) -> None:
        self._longest_seconds = longest_seconds
        self._end = 0.0

    def join(self, now: float, soonest_seconds: float, interval_seconds: float) -> float:
        """Seconds to wait: `soonest_seconds` for the first in the line."""
        soonest = now + soonest_seconds
        place = max(self._end, soonest)
        if place > soonest + self._longest_seconds:
            place = soonest
        self._end = place + interval_seconds
        return place - now
