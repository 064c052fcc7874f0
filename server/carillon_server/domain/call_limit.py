"""How many calls may be under way at once, found out from how long they take. Pure: `now` is a monotonic time
in seconds.

Calls are counted in windows. While they take longer than the target on average, each window lowers the limit
by a tenth, or by half where they take more than twice as long; while they do not and the limit was needed,
each raises it by a tenth. So under load as many calls are under way as are answered within the target,
whatever is slow at the moment.

The target is a time and not a multiple of the shortest one seen: sends that wait for the same commit take
longer the more they are, and are carried out faster for it.
"""

from __future__ import annotations

_WINDOW_SECONDS = 0.1
_MIN_SAMPLES = 10
_STEP = 0.1
_FAR_BEYOND = 2
# One call that is held up for seconds says little about all the others.
_MAX_SAMPLE_TARGETS = 4


class CallLimit:
    """Between `minimum` and `maximum`, both ≥ 1."""

    def __init__(self, minimum: int, maximum: int, target_seconds: float, *, start: int) -> None:
        self._minimum = minimum
        self._maximum = max(minimum, maximum)
        self._target_seconds = target_seconds
        self._max_sample_seconds = _MAX_SAMPLE_TARGETS * target_seconds
        self.value = min(self._maximum, max(minimum, start))
        """How many calls may be under way at once."""
        self._needed = False
        self._samples = 0
        self._sum_seconds = 0.0
        self._window_end = 0.0

    def full(self) -> None:
        """More calls than the limit would have been taken."""
        self._needed = True

    def sample(self, seconds: float, now: float) -> None:
        """A call took so long, and ended now."""
        self._samples += 1
        self._sum_seconds += min(seconds, self._max_sample_seconds)
        if now >= self._window_end and self._samples >= _MIN_SAMPLES:
            self._close_window(now)

    def _close_window(self, now: float) -> None:
        step = max(1, round(self.value * _STEP))
        excess = self._sum_seconds / (self._target_seconds * self._samples)
        if excess > _FAR_BEYOND:
            self.value = max(self._minimum, self.value // 2)
        elif excess > 1:
            self.value = max(self._minimum, self.value - step)
        elif self._needed:
            self.value = min(self._maximum, self.value + step)
        self._needed = False
        self._samples = 0
        self._sum_seconds = 0.0
        self._window_end = now + _WINDOW_SECONDS
