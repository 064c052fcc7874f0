"""A circuit breaker: leaves a sick provider alone, and asks every now and then whether it is well again.

Closed, everything goes through. After a few failures in a row it opens: nothing goes through for a while.
Then it is half-open: one call at a time may find out. If that succeeds the breaker closes, if it fails the
next while is twice as long. Pure: `now` is a monotonic time in seconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class BreakerState(StrEnum):
    """Whether calls go through."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"
    """One call at a time."""


@dataclass(frozen=True, slots=True)
class BreakerPolicy:
    """When it opens, and for how long."""

    failures: int = 5
    """In a row."""
    first_seconds: float = 5.0
    """How long it stays open at first; twice as long after each probe that fails."""
    longest_seconds: float = 300.0


DEFAULT_POLICY = BreakerPolicy()
_PROBE_WAIT_SECONDS = 1.0
_MAX_DOUBLINGS = 60


class Breaker:
    """Every call begins with a ticket and ends with it.

    Only calls that began in the present state count: those that were under way when it opened say nothing
    about the provider of now.
    """

    def __init__(self, policy: BreakerPolicy = DEFAULT_POLICY) -> None:
        self._policy = policy
        self._generation = 0
        self._openings = 0
        self._open_until: float | None = None
        self._probing = False
        self._consecutive_failures = 0

    @property
    def consecutive_failures(self) -> int:
        return self._consecutive_failures

    @property
    def open_until(self) -> float | None:
        """When the next probe may go, even if that has passed; None: it is closed."""
        return self._open_until

    def state(self, now: float) -> BreakerState:
        if self._open_until is None:
            return BreakerState.CLOSED
        return BreakerState.OPEN if now < self._open_until else BreakerState.HALF_OPEN

    def wait_seconds(self, now: float) -> float:
        """How long until a call may begin, as far as one can tell; 0: now."""
        if self._open_until is None:
            return 0.0
        if now < self._open_until:
            # The difference of two large times may be a hair more than what was added.
            return min(self._open_until - now, self._policy.longest_seconds)
        return _PROBE_WAIT_SECONDS if self._probing else 0.0

    def begin(self, now: float) -> int:
        """Begins a call where `wait_seconds` is 0; the ticket to end it with."""
        if self.state(now) is BreakerState.HALF_OPEN:
            self._generation += 1
            self._probing = True
        return self._generation

    def succeed(self, ticket: int) -> None:
        """The provider answered as it should."""
        if ticket != self._generation:
            return
        self._consecutive_failures = 0
        self._openings = 0
        self._open_until = None
        self._probing = False

    def fail(self, ticket: int, now: float) -> None:
        """The provider did not."""
        if ticket != self._generation:
            return
        self._consecutive_failures += 1
        if self._probing or self._consecutive_failures >= self._policy.failures:
            self._open(now)

    def abandon(self, ticket: int) -> None:
        """The call said nothing about the provider."""
        if ticket == self._generation:
            self._probing = False

    def _open(self, now: float) -> None:
        doublings = min(self._openings, _MAX_DOUBLINGS)
        seconds = min(self._policy.longest_seconds, self._policy.first_seconds * 2.0**doublings)
        self._openings += 1
        self._generation += 1
        self._open_until = now + seconds
        self._probing = False
