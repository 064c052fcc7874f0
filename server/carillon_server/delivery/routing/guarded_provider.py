"""A provider behind its guard, from the moment it is built until its connections are let go."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from carillon_server.delivery.providers.provider import Provider, ProviderKind
from carillon_server.delivery.routing.guard import Guard, Place
from carillon_server.delivery.routing.tally import Tally
from carillon_server.domain.breaker import BreakerState
from carillon_server.domain.channel import Channel, Platform
from carillon_server.domain.outcome import Outcome
from carillon_server.domain.provider import ProviderConfig
from carillon_server.domain.provider_health import ProviderHealth
from carillon_server.services.ports import Clock


class GuardedProvider:
    """One provider of one tenant in this worker."""

    def __init__(
        self,
        config: ProviderConfig,
        kind: ProviderKind[Any],
        provider: Provider,
        clock: Clock,
        monotonic: Callable[[], float],
    ) -> None:
        self.config = config
        self.kind = kind
        self.provider = provider
        self.guard = Guard(config, monotonic, one_far_side=kind.one_far_side)
        self._tally = Tally(clock, monotonic)
        self._clock = clock
        self._monotonic = monotonic
        self._used = False
        self._on_idle: Callable[[], None] | None = None

    def takes(self, channel: Channel, platform: Platform) -> bool:
        """Whether such messages are its business."""
        if channel not in self.kind.channels:
            return False
        return channel is not Channel.PUSH or not self.kind.platforms or platform in self.kind.platforms

    def talks_as(self, config: ProviderConfig) -> bool:
        """Whether that is the same service, reached in the same way."""
        mine = self.config
        return (mine.kind, mine.channel, mine.settings, mine.secrets) == (
            config.kind,
            config.channel,
            config.settings,
            config.secrets,
        )

    def reconfigure(self, config: ProviderConfig) -> None:
        """Takes another choice of priority, weight and limits; for a config that it `talks_as`."""
        self.config = config
        self.guard.limit(config)

    def enter(self) -> Place:
        self._used = True
        return self.guard.enter()

    def leave(self, place: Place, outcome: Outcome | None) -> None:
        """The call ended; None: it was cancelled."""
        self.guard.leave(place, outcome)
        if outcome is not None:
            self._tally.count(outcome)
        self._left()

    def leave_unused(self, place: Place) -> None:
        self.guard.leave_unused(place)
        self._left()

    def retire(self, on_idle: Callable[[], None]) -> None:
        """It gets no more messages; calls back once nothing runs on it."""
        self._on_idle = on_idle
        self._left()

    def health(self) -> ProviderHealth | None:
        """None: nobody used it yet."""
        if not self._used:
            return None
        guard, now = self.guard, self._monotonic()
        state = guard.breaker.state(now)
        return ProviderHealth(
            tenant=self.config.tenant,
            name=self.config.name,
            breaker=state,
            open_until_time=self._time(guard.breaker.open_until) if state is BreakerState.OPEN else None,
            paused_until_time=self._time(guard.paused_until),
            consecutive_failures=guard.breaker.consecutive_failures,
            tokens=round(guard.bucket.tokens(now), 1) if guard.bucket else None,
            running=guard.running,
            max_concurrency=self.config.max_concurrency,
            sent=self._tally.sent,
            failed=self._tally.failed,
            last_success_time=self._tally.last_success_time,
            last_error_time=self._tally.last_error_time,
            last_error_class=self._tally.last_error_class,
        )

    def _left(self) -> None:
        if self._on_idle is not None and self.guard.running == 0:
            on_idle, self._on_idle = self._on_idle, None
            on_idle()

    def _time(self, instant: float | None) -> datetime | None:
        """The time of day of a monotonic instant that lies ahead; to the second, as clocks differ."""
        ahead_seconds = (instant or 0.0) - self._monotonic()
        if instant is None or ahead_seconds <= 0:
            return None
        return (self._clock() + timedelta(seconds=ahead_seconds)).replace(microsecond=0)
