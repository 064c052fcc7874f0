"""How often something happened lately. Pure: `now` is a monotonic time in seconds."""

from __future__ import annotations

from collections import deque

WINDOW_SECONDS = 300.0
_PARTS = 10


class RollingCount:
    """Counts over the last `WINDOW_SECONDS`, forgetting a tenth of them at a time."""

    def __init__(self) -> None:
        self._parts: deque[tuple[int, int]] = deque()
        """Number of the part, count."""

    def add(self, now: float) -> None:
        part = _part(now)
        count = self._parts.pop()[1] if self._parts and self._parts[-1][0] == part else 0
        self._parts.append((part, count + 1))
        self._forget(part)

    def total(self, now: float) -> int:
        self._forget(_part(now))
        return sum(count for _, count in self._parts)

    def _forget(self, part: int) -> None:
        while self._parts and self._parts[0][0] <= part - _PARTS:
            self._parts.popleft()


def _part(now: float) -> int:
    return int(now * _PARTS // WINDOW_SECONDS)
