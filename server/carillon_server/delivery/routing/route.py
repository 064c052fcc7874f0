"""What the engine knows of providers: somebody to send by, or how long to wait.

`Routes` is asked in the transaction of a claim, so `choose` neither waits nor fails. Whoever is given a
`Route` holds a place with its provider and must end it: by `send`, or by `release` when nothing is sent.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol

from carillon_server.delivery.providers.provider import Message
from carillon_server.domain.channel import Channel, Platform
from carillon_server.domain.delivery_settings import DeliverySettings
from carillon_server.domain.lane import Lane
from carillon_server.domain.outcome import Outcome


class Route(Protocol):
    """A place with one provider, for one message."""

    @property
    def name(self) -> str:
        """The provider's."""
        ...

    @property
    def at_most_once(self) -> bool:
        """An attempt whose fate is not known must not be repeated."""
        ...

    @property
    def has_alternative(self) -> bool:
        """Another provider, not tried yet, could be asked if this one fails."""
        ...

    async def send(self, message: Message) -> Outcome:
        """Sends, and learns from the outcome: breaker, pause, metrics. Ends the place.

        Raises nothing but what cancels it.
        """
        ...

    def release(self) -> None:
        """Ends the place unused."""
        ...


@dataclass(frozen=True, slots=True)
class Wait:
    """Nobody can take it now."""

    seconds: float
    reason: str
    """`breaker_open`, `paused`, `rate_limited`, `busy`, `provider_missing`."""
    interval_seconds: float = 0.02
    """How far apart many who wait should come back: about as fast as they can be served then."""


class Routes(Protocol):
    """The providers of all tenants, in one worker."""

    async def refresh(self, tenants: Collection[str]) -> None:
        """Makes sure that what is known of these tenants is at most a second or two old. Never raises."""
        ...

    def choose(
        self, tenant: str, channel: Channel, platform: Platform, tried: Collection[str], lane: Lane
    ) -> Route | Wait:
        """The best provider that is free, passing over those in `tried`. In the urgent lane some of their
        places are kept for it, and the next token is its own.
        """
        ...

    def settings_of(self, tenant: str) -> DeliverySettings:
        """What the tenant decided about its deliveries."""
        ...

    async def close(self) -> None:
        """Lets all connections go."""
        ...
