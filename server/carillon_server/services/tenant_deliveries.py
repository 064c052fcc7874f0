"""What this process knows of the deliveries of tenants, so that a Send need not ask the database.

What is known is read anew in the background while it is in use, so in steady traffic no Send waits for it.
One that is unknown, too old or was changed through this process is read before the Send goes on; all Sends
that wait at once share a read.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections import OrderedDict
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from carillon_server.domain.channel import Channel
from carillon_server.domain.delivery_settings import NO_SETTINGS, Fallback
from carillon_server.domain.provider import INSTALLATION
from carillon_server.domain.tenant_delivery import TenantDelivery, served_channels
from carillon_server.storage.database import Database
from carillon_server.storage.tenant_delivery import StoredDelivery, fetch_deliveries
from carillon_server.telemetry import get_logger

FRESH_SECONDS = 1.0
"""Older than that it is read anew in the background."""
STALE_SECONDS = 2.0
"""Older than that nobody relies on it."""
MAX_TENANTS = 10_000
_QUERY_SECONDS = 5.0


_NEVER = -math.inf
_NOTHING = TenantDelivery(frozenset({Channel.IN_APP}))


@dataclass(slots=True)
class _Known:
    stored: StoredDelivery | None
    """None: its rows make no sense here."""
    at: float
    value: TenantDelivery | None = None
    shared: StoredDelivery | None = None
    """Of the installation, as `value` was made with."""


class TenantDeliveries:
    """Asked synchronously, after `refresh`."""

    def __init__(
        self,
        database: Database,
        fixed: Collection[Channel],
        monotonic: Callable[[], float] = time.monotonic,
        max_tenants: int = MAX_TENANTS,
    ) -> None:
        """`fixed`: channels that the settings of the installation serve, for whoever has no own."""
        self._database = database
        self._fixed = frozenset(fixed)
        self._monotonic = monotonic
        self._max_tenants = max_tenants
        self._known: OrderedDict[str, _Known] = OrderedDict()
        """By tenant, the one read last at the end; the installation's own among them."""
        self._wanted: set[str] = set()
        self._changed: set[str] = set()
        """Forgotten while the present read was under way: what it finds may be too old."""
        self._reading: asyncio.Task[None] | None = None

    def channels_of(self, tenant: str) -> Collection[Channel]:
        """The channels that a Send of this tenant may choose from."""
        return self._value(tenant).channels

    def fallbacks_of(self, tenant: str) -> Sequence[Fallback]:
        """The chains that the tenant wants for sends that name none."""
        return self._value(tenant).fallbacks

    async def refresh(self, *tenants: str) -> None:
        """Makes sure that what is known is not stale; mostly at once. Raises what `Database.fetch` raises."""
        if self._age(tenants) < FRESH_SECONDS:
            return
        self._read_soon(tenants)
        while self._age(tenants) >= STALE_SECONDS:
            # The read under way may have begun before these tenants were asked for: then another follows.
            await asyncio.shield(self._read_soon(tenants))

    def forget(self, tenant: str) -> None:
        """It was changed: the next `refresh` reads it. For `INSTALLATION`, everybody's next does."""
        self._changed.add(tenant)
        known = self._known.get(tenant)
        if known is not None:
            known.at = _NEVER

    async def stop(self) -> None:
        """Gives up what is being read."""
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.wait([self._reading])

    def _value(self, tenant: str) -> TenantDelivery:
        known = self._known.get(tenant)
        shared = self._shared()
        if known is None:
            return self._combine(StoredDelivery((), NO_SETTINGS), shared)
        if known.value is None or known.shared is not shared:
            known.value, known.shared = self._combine(known.stored, shared), shared
        return known.value

    def _combine(self, stored: StoredDelivery | None, shared: StoredDelivery | None) -> TenantDelivery:
        if stored is None:
            return _NOTHING
        lent = shared.served if shared else ()
        channels = served_channels(stored.served, lent, self._fixed, sandbox=stored.settings.sandbox)
        return TenantDelivery(channels, stored.settings.fallbacks)

    def _shared(self) -> StoredDelivery | None:
        known = self._known.get(INSTALLATION)
        return known.stored if known else None

    def _age(self, tenants: Collection[str]) -> float:
        """Of what is known longest; infinite where one is unknown."""
        return self._monotonic() - min(map(self._at, (INSTALLATION, *tenants)))

    def _at(self, tenant: str) -> float:
        known = self._known.get(tenant)
        return known.at if known else _NEVER

    def _read_soon(self, tenants: Collection[str]) -> asyncio.Task[None]:
        self._wanted.update(tenants)
        if self._reading is None or self._reading.done():
            self._reading = asyncio.create_task(self._read(), name="tenant deliveries")
            self._reading.add_done_callback(_seen)
        return self._reading

    async def _read(self) -> None:
        tenants, self._wanted = {*self._wanted, INSTALLATION}, set()
        self._changed.clear()
        started = self._monotonic()
        found = await fetch_deliveries(self._database, tenants, timeout=_QUERY_SECONDS)
        for tenant in tenants:
            self._store(tenant, found.get(tenant), _NEVER if tenant in self._changed else started)
        while len(self._known) > self._max_tenants:
            self._known.popitem(last=False)

    def _store(self, tenant: str, stored: StoredDelivery | None, at: float) -> None:
        known = self._known.get(tenant)
        if known is not None and known.stored == stored:
            known.at = at
        else:
            self._known[tenant] = _Known(stored, at)
        self._known.move_to_end(tenant)


def _seen(reading: asyncio.Task[None]) -> None:
    """Those who wait are told of a failure; where nobody waits, the next Send tries again."""
    if not reading.cancelled() and (error := reading.exception()) is not None:
        get_logger().warning("tenant_deliveries.unread", error=type(error).__name__)
