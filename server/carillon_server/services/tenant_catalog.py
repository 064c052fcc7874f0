"""What this process knows of the catalogs of tenants, so that a Send need not ask the database.

Every change raises the tenant's revision. While a catalog is in use its revision is asked for again in the
background, and the catalog is read anew only where it is another one; so in steady traffic no Send waits.
One that is unknown, too old or was changed through this process is read before the Send goes on; all Sends
that wait at once share a read. A tenant without a catalog costs no more than that question.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from carillon_server.services.catalog_snapshot import TenantCatalog
from carillon_server.services.ports import SchemaCompiler
from carillon_server.storage.catalog_snapshot import StoredCatalog, fetch_catalog
from carillon_server.storage.catalog_state import NO_REVISION, fetch_revisions
from carillon_server.storage.database import Database
from carillon_server.telemetry import get_logger

FRESH_SECONDS = 0.5
"""Older than that its revision is asked for in the background."""
STALE_SECONDS = 1.0
"""Older than that nobody relies on it."""
MAX_TENANTS = 10_000
MAX_CHARACTERS = 256 * 1024 * 1024
"""Of all catalogs that are kept; the one used last is kept in any case."""
_QUERY_SECONDS = 5.0
_NEVER = -math.inf


@dataclass(slots=True)
class _Known:
    catalog: TenantCatalog
    at: float


class TenantCatalogs:
    """The catalogs of the tenants that this process serves."""

    def __init__(
        self,
        database: Database,
        compile_schema: SchemaCompiler,
        *,
        accept_unknown: bool,
        monotonic: Callable[[], float] = time.monotonic,
        max_tenants: int = MAX_TENANTS,
        max_characters: int = MAX_CHARACTERS,
    ) -> None:
        """`accept_unknown`: unknown types are accepted where a tenant does not say."""
        self._database = database
        self._compile_schema = compile_schema
        self._accept_unknown = accept_unknown
        self._monotonic = monotonic
        self._max_tenants = max_tenants
        self._max_characters = max_characters
        self._characters = 0
        self._known: OrderedDict[str, _Known] = OrderedDict()
        """By tenant, the one stored last at the end."""
        self._wanted: set[str] = set()
        self._changes = 0
        self._changed: dict[str, int] = {}
        """By tenant, which change of all was its last: what was read from before it is too old."""
        self._asking: asyncio.Task[None] | None = None
        self._loading: dict[str, asyncio.Task[None]] = {}

    async def of(self, tenant: str) -> TenantCatalog:
        """As it was less than `STALE_SECONDS` ago, mostly at once. Raises what `Database.fetch` raises."""
        known = self._known.get(tenant)
        now = self._monotonic()
        if known is not None and now - known.at < STALE_SECONDS:
            if now - known.at >= FRESH_SECONDS:
                self._ask_soon(tenant)
            return known.catalog
        return await self._asked_after(tenant, now - STALE_SECONDS)

    async def look_again(self, tenant: str) -> TenantCatalog:
        """As it is now. For those who would refuse because something is not there: another process may
        have put it there a moment ago.
        """
        return await self._asked_after(tenant, math.nextafter(self._monotonic(), _NEVER))

    def forget(self, tenant: str) -> None:
        """It was changed: the next `of` asks."""
        self._changes += 1
        self._changed[tenant] = self._changes
        known = self._known.get(tenant)
        if known is not None:
            known.at = _NEVER

    async def stop(self) -> None:
        """Gives up what is being read."""
        tasks = [*self._loading.values(), *([self._asking] if self._asking else [])]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    async def _asked_after(self, tenant: str, moment: float) -> TenantCatalog:
        while (known := self._known.get(tenant)) is None or known.at <= moment:
            # The question under way may have been asked before this moment: then another follows.
            await asyncio.shield(self._ask_soon(tenant))
            loading = self._loading.get(tenant)
            if loading is not None:
                await asyncio.shield(loading)
        return known.catalog

    def _ask_soon(self, tenant: str) -> asyncio.Task[None]:
        self._wanted.add(tenant)
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._ask(), name="catalog revisions")
            self._asking.add_done_callback(_seen)
        return self._asking

    async def _ask(self) -> None:
        tenants, self._wanted = self._wanted, set()
        started, changes = self._monotonic(), self._changes
        revisions = await fetch_revisions(self._database, tenants, timeout=_QUERY_SECONDS)
        for tenant in tenants:
            at = self._moment(tenant, started, changes)
            self._compare(tenant, revisions.get(tenant, NO_REVISION), at)

    def _compare(self, tenant: str, revision: int, at: float) -> None:
        known = self._known.get(tenant)
        if known is not None and known.catalog.revision == revision:
            known.at = at
            self._known.move_to_end(tenant)
        elif revision == NO_REVISION:
            self._store(tenant, StoredCatalog(), at)
        elif tenant not in self._loading:
            task = asyncio.create_task(self._load(tenant), name="catalog")
            self._loading[tenant] = task
            task.add_done_callback(_seen)

    async def _load(self, tenant: str) -> None:
        try:
            started, changes = self._monotonic(), self._changes
            stored = await fetch_catalog(self._database, tenant, timeout=_QUERY_SECONDS)
            self._store(tenant, stored, self._moment(tenant, started, changes))
        finally:
            del self._loading[tenant]

    def _moment(self, tenant: str, started: float, changes: int) -> float:
        """When the tenant was asked for, unless it was changed since."""
        if self._changed.get(tenant, 0) > changes:
            return _NEVER
        self._changed.pop(tenant, None)
        return started

    def _store(self, tenant: str, stored: StoredCatalog, at: float) -> None:
        before = self._known.pop(tenant, None)
        catalog = TenantCatalog(
            stored,
            self._compile_schema,
            accept_unknown=self._accept_unknown,
            before=before.catalog if before else None,
        )
        self._known[tenant] = _Known(catalog, at)
        self._characters += catalog.size_characters - (before.catalog.size_characters if before else 0)
        while len(self._known) > 1 and self._is_full():
            _, dropped = self._known.popitem(last=False)
            self._characters -= dropped.catalog.size_characters

    def _is_full(self) -> bool:
        return len(self._known) > self._max_tenants or self._characters > self._max_characters


def _seen(reading: asyncio.Task[None]) -> None:
    """Those who wait are told of a failure; where nobody waits, the next Send tries again."""
    if not reading.cancelled() and (error := reading.exception()) is not None:
        get_logger().warning("tenant_catalogs.unread", error=type(error).__name__)
