"""The providers of all tenants, in one worker (`route.Routes`).

What is known of a tenant is read when one of its deliveries is due, and again when that is more than a second
or two old. Tenants used last are kept, up to a limit. While Postgres is away everything stays as it was.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Collection, Sequence
from random import Random

from carillon_server.delivery.routing import choice, metrics
from carillon_server.delivery.routing.builder import ProviderBuilder
from carillon_server.delivery.routing.closer import Closer
from carillon_server.delivery.routing.guarded_provider import GuardedProvider
from carillon_server.delivery.routing.guarded_route import SEND_TIMEOUT_SECONDS, GuardedRoute
from carillon_server.delivery.routing.roster import Roster
from carillon_server.delivery.routing.route import Route, Wait
from carillon_server.domain.channel import Channel, Platform
from carillon_server.domain.delivery_settings import NO_SETTINGS, DeliverySettings
from carillon_server.domain.errors import Refusal
from carillon_server.domain.lane import Lane
from carillon_server.domain.provider import INSTALLATION
from carillon_server.domain.provider_health import ProviderHealth
from carillon_server.storage.database import Database
from carillon_server.storage.delivery_settings import fetch_settings
from carillon_server.storage.providers import fetch_providers
from carillon_server.telemetry import get_logger

FRESH_SECONDS = 2.0
MAX_TENANTS = 1_000
IDLE_SECONDS = 900.0
"""A tenant without deliveries for so long is forgotten, and its connections are let go."""
_QUERY_SECONDS = 2.0
_PAUSE_SECONDS = 0.5
_UNKNOWN_SECONDS = 1.0


class Directory:
    """Implements `Routes`."""

    def __init__(
        self,
        database: Database,
        builder: ProviderBuilder,
        *,
        installation: Sequence[GuardedProvider] = (),
        rng: Random | None = None,
        monotonic: Callable[[], float] = time.monotonic,
        fresh_seconds: float = FRESH_SECONDS,
        max_tenants: int = MAX_TENANTS,
        send_timeout_seconds: float = SEND_TIMEOUT_SECONDS,
    ) -> None:
        """`installation`: providers out of the settings of the installation; they serve every tenant."""
        self._database = database
        self._builder = builder
        self._rng = rng or Random()
        self._monotonic = monotonic
        self._fresh_seconds = fresh_seconds
        self._max_tenants = max_tenants
        self._send_timeout_seconds = send_timeout_seconds
        self._closer = Closer()
        self._installation = Roster(INSTALLATION, builder, self._closer.discard, installation)
        self._rosters: OrderedDict[str, Roster] = OrderedDict()
        """By tenant, the one used last at the end."""
        self._loading = asyncio.Lock()
        self._paused_until = 0.0

    async def refresh(self, tenants: Collection[str]) -> None:
        """Concurrent calls share a query."""
        self._touch(tenants)
        if self._stale(tenants):
            async with self._loading:
                stale = self._stale(tenants)
                if stale:
                    await self._load(stale)
                    self._evict()

    def choose(
        self, tenant: str, channel: Channel, platform: Platform, tried: Collection[str], lane: Lane
    ) -> Route | Wait:
        if not self._known(tenant):
            return _counted(Wait(_UNKNOWN_SECONDS, choice.MISSING))
        chosen = choice.choose(self._candidates(tenant, channel, platform), tried, lane, self._rng)
        if isinstance(chosen, Wait):
            return _counted(chosen)
        others = {*tried, chosen.config.name}
        return GuardedRoute(
            chosen,
            lambda: choice.has_other(self._candidates(tenant, channel, platform), others, lane),
            self._send_timeout_seconds,
        )

    def settings_of(self, tenant: str) -> DeliverySettings:
        roster = self._rosters.get(tenant)
        return roster.settings if roster else NO_SETTINGS

    def health(self) -> list[ProviderHealth]:
        """Of all providers that this worker used or could not use."""
        return [health for roster in self._all() for health in roster.health()]

    def measure(self) -> None:
        """Sets the gauges."""
        metrics.breakers.clear()
        for roster in self._all():
            for kind, state in roster.breakers():
                metrics.breakers.labels(kind, state).inc()

    async def close(self) -> None:
        for roster in self._all():
            roster.drop_all()
        self._rosters.clear()
        await self._closer.finish()

    def _candidates(self, tenant: str, channel: Channel, platform: Platform) -> list[GuardedProvider]:
        roster = self._rosters.get(tenant, self._installation)
        if roster.settings.sandbox:
            return roster.sandbox
        owner = roster if roster.has_own(channel) else self._installation
        return [each for each in owner.on(channel) if each.takes(channel, platform)]

    def _all(self) -> list[Roster]:
        return [self._installation, *self._rosters.values()]

    def _known(self, tenant: str) -> bool:
        roster = self._rosters.get(tenant)
        return roster is not None and roster.loaded_at is not None

    def _touch(self, tenants: Collection[str]) -> None:
        now = self._monotonic()
        for tenant in tenants:
            roster = self._rosters.get(tenant)
            if roster is None:
                roster = self._rosters[tenant] = Roster(tenant, self._builder, self._closer.discard)
            roster.used_at = now
            self._rosters.move_to_end(tenant)

    def _stale(self, tenants: Collection[str]) -> dict[str, Roster]:
        now = self._monotonic()
        if now < self._paused_until:
            return {}
        asked = {INSTALLATION: self._installation} | {
            tenant: self._rosters[tenant] for tenant in tenants if tenant in self._rosters
        }
        return {
            tenant: roster
            for tenant, roster in asked.items()
            if roster.loaded_at is None or now - roster.loaded_at > self._fresh_seconds
        }

    async def _load(self, stale: dict[str, Roster]) -> None:
        try:
            await self._read(stale)
        except Refusal as refusal:
            get_logger().warning("directory.refused", reason=refusal.reason)
            self._paused_until = self._monotonic() + _PAUSE_SECONDS
        except Exception:  # noqa: BLE001 - rows of one tenant that make no sense: the others go on
            await self._load_alone(stale)

    async def _load_alone(self, stale: dict[str, Roster]) -> None:
        for tenant, roster in stale.items():
            try:
                await self._read({tenant: roster})
            except Exception as error:  # noqa: BLE001 - what is known of it stays
                get_logger().error("directory.unreadable", tenant=tenant, error=type(error).__name__)

    async def _read(self, stale: dict[str, Roster]) -> None:
        rows = await fetch_providers(self._database, stale, timeout=_QUERY_SECONDS)
        settings = await fetch_settings(self._database, stale, timeout=_QUERY_SECONDS)
        now = self._monotonic()
        for tenant, roster in stale.items():
            own = [row for row in rows if row.tenant == tenant]
            roster.update(own, settings.get(tenant, NO_SETTINGS), now)

    def _evict(self) -> None:
        """Forgets who was idle for long, and the longest idle where there are too many; never one with calls
        under way.
        """
        idle_since = self._monotonic() - IDLE_SECONDS
        surplus = len(self._rosters) - self._max_tenants
        for tenant, roster in list(self._rosters.items()):
            if surplus <= 0 and roster.used_at >= idle_since:
                return
            if roster.running == 0:
                del self._rosters[tenant]
                roster.drop_all()
                surplus -= 1


def _counted(wait: Wait) -> Wait:
    metrics.waits.labels(wait.reason).inc()
    return wait
