"""How long to wait before something that ended is started again."""

from __future__ import annotations

_FIRST_DELAY_SECONDS = 0.1
_LONGEST_DELAY_SECONDS = 5.0
STEADY_SECONDS = 10.0
"""What ran for as long did not fail at once."""


class Backoff:
    """A delay that doubles with each quick end, and starts over after a steady run."""

    def __init__(self) -> None:
        self._delay_seconds = _FIRST_DELAY_SECONDS
        self.quick_ends = 0

    def after(self, lived_seconds: float) -> float:
        """The delay after a run of this length, in seconds."""
        if lived_seconds > STEADY_SECONDS:
            self._delay_seconds, self.quick_ends = _FIRST_DELAY_SECONDS, 0
        else:
            self.quick_ends += 1
        delay_seconds = self._delay_seconds
        self._delay_seconds = min(2 * delay_seconds, _LONGEST_DELAY_SECONDS)
        return delay_seconds
