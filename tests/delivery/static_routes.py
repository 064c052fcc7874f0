"""Routes that never change: one provider for each channel, the same for every tenant."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from carillon_server.delivery.providers.provider import Message, Provider
from carillon_server.delivery.routing.route import Route, Wait
from carillon_server.domain.channel import Channel, Platform
from carillon_server.domain.delivery_settings import NO_SETTINGS, DeliverySettings
from carillon_server.domain.lane import Lane
from carillon_server.domain.outcome import Outcome

_MISSING = Wait(5.0, "provider_missing")


class StaticRoute:
    """A place with a provider that has room for all."""

    has_alternative = False

    def __init__(self, provider: Provider, *, at_most_once: bool) -> None:
        self._provider = provider
        self._at_most_once = at_most_once

    @property
    def name(self) -> str:
        return self._provider.name

    @property
    def at_most_once(self) -> bool:
        return self._at_most_once

    async def send(self, message: Message) -> Outcome:
        return await self._provider.send(message)

    def release(self) -> None:
        """Nothing is held."""


class StaticRoutes:
    """`Routes` over a mapping."""

    def __init__(self, providers: Mapping[Channel, Provider], at_most_once: Collection[Channel] = ()) -> None:
        """On channels in `at_most_once` an attempt whose fate is not known is not repeated."""
        self._providers = providers
        self._at_most_once = at_most_once

    async def refresh(self, tenants: Collection[str]) -> None:
        """All is known."""

    def choose(
        self, tenant: str, channel: Channel, platform: Platform, tried: Collection[str], lane: Lane
    ) -> Route | Wait:
        provider = self._providers.get(channel)
        if provider is None:
            return _MISSING
        return StaticRoute(provider, at_most_once=channel in self._at_most_once)

    def settings_of(self, tenant: str) -> DeliverySettings:
        return NO_SETTINGS

    async def close(self) -> None:
        for provider in self._providers.values():
            await provider.close()
