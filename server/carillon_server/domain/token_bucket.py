"""A token bucket: so many calls a second on average, so many at once. Pure: `now` is a monotonic time in
seconds.
"""

from __future__ import annotations

# Times of millions of seconds, as floats, are this exact at thousands of tokens a second.
_ROUNDING = 1e-4


class TokenBucket:
    """Starts full."""

    def __init__(self, rate_per_second: float, burst: int, now: float) -> None:
        """`rate_per_second` > 0, `burst` ≥ 1: how many it holds."""
        self._rate_per_second = rate_per_second
        self._burst = max(1, burst)
        self._tokens = float(self._burst)
        self._filled_at = now

    def tokens(self, now: float) -> float:
        """How many there are."""
        elapsed_seconds = max(0.0, now - self._filled_at)
        return min(float(self._burst), self._tokens + elapsed_seconds * self._rate_per_second)

    def take(self, now: float) -> bool:
        """Takes one; False: there is none."""
        tokens = self.tokens(now)
        if tokens < 1 - _ROUNDING:
            return False
        self._tokens = tokens - 1
        self._filled_at = max(now, self._filled_at)
        return True

    def give_back(self) -> None:
        """One that was taken and not used."""
        self._tokens = min(float(self._burst), self._tokens + 1)

    def wait_seconds(self, now: float) -> float:
        """Until there is one; 0: now."""
        missing = 1 - self.tokens(now)
        return missing / self._rate_per_second if missing > _ROUNDING else 0.0
