"""What stands between a worker and one provider of one tenant: breaker, pause, rate and places.

A sick, slow or strict provider is held off here, so it harms nobody but those who have to use it. All of it
counts per worker.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from carillon_server.delivery.routing.route import Wait
from carillon_server.domain.backoff import MAX_AFTER_SECONDS, MIN_AFTER_SECONDS
from carillon_server.domain.breaker import Breaker
from carillon_server.domain.lane import Lane
from carillon_server.domain.outcome import Outcome, Throttled
from carillon_server.domain.provider import ProviderConfig
from carillon_server.domain.provider_failure import Sign, read_sign
from carillon_server.domain.token_bucket import TokenBucket

PAUSE_SECONDS = 30.0
"""Where a provider asks to be left alone and does not say for how long."""
_BUSY_SECONDS = 0.1
_SHORTEST_INTERVAL_SECONDS = 0.005
_LOOK_SECONDS = 0.02
"""How often a worker looks for those who come back: no more than there are places need to come in between."""
_LONGEST_INTERVAL_SECONDS = 5.0
_FIRST_CALL_SECONDS = 0.5
_SMOOTHING = 0.1
_MIN_RATE_PER_SECOND = 1e-3
_URGENT_SHARE = 5
"""One in so many places is kept for urgent messages."""
_YIELD_SECONDS = 0.5
"""How long after its turn an urgent message is waited for."""


@dataclass(frozen=True, slots=True)
class Place:
    """One call under way."""

    ticket: int
    start: float


class Guard:
    """Asked before every call, told after it."""

    def __init__(
        self, config: ProviderConfig, monotonic: Callable[[], float], *, one_far_side: bool = True
    ) -> None:
        """`one_far_side`: all messages go to the same service, so what one meets the others would meet."""
        self._monotonic = monotonic
        self._one_far_side = one_far_side
        self.breaker = Breaker()
        self.running = 0
        self.paused_until: float | None = None
        self._urgent_until = 0.0
        self._call_seconds = _FIRST_CALL_SECONDS
        self._config = config
        self.bucket = self._make_bucket()

    def limit(self, config: ProviderConfig) -> None:
        """Other limits for the same service: what is known of its state stays."""
        old, self._config = self._config, config
        if (old.rate_per_second, old.burst) != (config.rate_per_second, config.burst):
            self.bucket = self._make_bucket()

    def obstacle(self, lane: Lane) -> Wait | None:
        """What keeps a call from beginning now, and for how long; None: nothing."""
        now = self._monotonic()
        waits = {
            "breaker_open": self.breaker.wait_seconds(now),
            "paused": max(0.0, (self.paused_until or now) - now),
            "rate_limited": self._token_seconds(now, lane),
            "busy": _BUSY_SECONDS if self.running >= self._places(lane) else 0.0,
        }
        reason = max(waits, key=lambda each: waits[each])
        return Wait(waits[reason], reason, self._interval_seconds(reason)) if waits[reason] > 0 else None

    def expect_urgent(self, seconds: float) -> None:
        """An urgent message was sent away for so long: the next token is its."""
        self._urgent_until = self._monotonic() + seconds + _YIELD_SECONDS

    def enter(self) -> Place:
        """Begins a call where there is no obstacle."""
        now = self._monotonic()
        self._urgent_until = 0.0
        if self.bucket:
            self.bucket.take(now)
        self.running += 1
        return Place(self.breaker.begin(now), now)

    def leave_unused(self, place: Place) -> None:
        """The call was not made."""
        self.running -= 1
        self.breaker.abandon(place.ticket)
        if self.bucket:
            self.bucket.give_back()

    def leave(self, place: Place, outcome: Outcome | None) -> None:
        """The call ended; None: it was cancelled, which tells nothing."""
        now = self._monotonic()
        self.running -= 1
        self._call_seconds += _SMOOTHING * (now - place.start - self._call_seconds)
        sign = read_sign(outcome) if outcome and self._one_far_side else Sign.NOTHING
        if sign is Sign.WELL:
            self.breaker.succeed(place.ticket)
        elif sign is Sign.SICK:
            self.breaker.fail(place.ticket, now)
        else:
            self.breaker.abandon(place.ticket)
        if isinstance(outcome, Throttled) and self._one_far_side:
            self._pause(now, outcome.after_seconds)

    def _pause(self, now: float, after_seconds: float | None) -> None:
        asked = PAUSE_SECONDS if after_seconds is None else after_seconds
        until = now + min(max(asked, MIN_AFTER_SECONDS), MAX_AFTER_SECONDS)
        self.paused_until = max(until, self.paused_until or until)

    def _token_seconds(self, now: float, lane: Lane) -> float:
        if self.bucket is None:
            return 0.0
        yielding = self._urgent_until - now if lane is Lane.BULK else 0.0
        return max(self.bucket.wait_seconds(now), yielding)

    def _places(self, lane: Lane) -> int:
        places = self._config.max_concurrency
        return places - places // _URGENT_SHARE if lane is Lane.BULK else places

    def _make_bucket(self) -> TokenBucket | None:
        rate = self._config.rate_per_second
        if rate is None:
            return None
        return TokenBucket(max(rate, _MIN_RATE_PER_SECOND), self._config.burst, self._monotonic())

    def _interval_seconds(self, reason: str) -> float:
        """Between two calls when it goes on: by the rate, and by how long calls take lately."""
        rate = self._config.rate_per_second
        by_rate = 1 / max(rate, _MIN_RATE_PER_SECOND) if rate is not None else 0.0
        if reason != "busy":
            return min(max(by_rate, _SHORTEST_INTERVAL_SECONDS), _LONGEST_INTERVAL_SECONDS)
        by_places = max(self._call_seconds, _LOOK_SECONDS) / max(1, self._config.max_concurrency)
        return min(max(by_rate, by_places), _LONGEST_INTERVAL_SECONDS)
