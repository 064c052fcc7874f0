"""How a catalog is changed.

To check a change takes templates to be rendered, too long for a transaction that keeps others waiting. So
everything is read and checked first, and written in a short transaction that begins by asking whether the
catalog is still the one that was checked; where it is not, all of it is done again. Changes through this
process stand in line, so that they do not undo each other's checks.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, TypeVar
from weakref import WeakValueDictionary

from carillon_server.domain.errors import Unavailable
from carillon_server.services.ports import TenantForgetter
from carillon_server.storage.catalog_state import fetch_state, lock_revision, raise_revision
from carillon_server.storage.database import Connection, Database

Result = TypeVar("Result")
_MAX_TRIES = 10
_WRITE_SECONDS = 15.0


class _OutdatedError(Exception):
    """The catalog is not the one that was checked."""


@dataclass(frozen=True, slots=True)
class Write(Generic[Result]):
    """What is to be written, checked."""

    run: Callable[[Connection], Awaitable[Result]]


@dataclass(frozen=True, slots=True)
class Nothing(Generic[Result]):
    """Everything is as it should be already."""

    result: Result


Prepare = Callable[[], Awaitable[Write[Result] | Nothing[Result]]]
"""Reads and checks; raises what the change is to be refused with. May be asked several times."""


class CatalogDesk:
    """Where the catalogs of tenants are changed: types, templates, layouts, settings, and all of them."""

    def __init__(self, database: Database, forget: TenantForgetter) -> None:
        self._database = database
        self._forget = forget
        self._lines: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def change(self, tenant: str, prepare: Prepare[Result]) -> Result:
        """One transaction, which raises the revision. Raises what `prepare` raises, and UNAVAILABLE where
        others change the same catalog without end.
        """
        line = self._lines.setdefault(tenant, asyncio.Lock())
        async with line:
            for _ in range(_MAX_TRIES):
                try:
                    return await self._try(tenant, prepare)
                except _OutdatedError:
                    continue
        raise Unavailable("others are changing this catalog")

    async def _try(self, tenant: str, prepare: Prepare[Result]) -> Result:
        async with self._database.connection() as connection:
            revision, _ = await fetch_state(connection, tenant)
        plan = await prepare()
        if isinstance(plan, Nothing):
            return plan.result
        run = plan.run

        async def work(connection: Connection) -> Result:
            if await lock_revision(connection, tenant) != revision:
                raise _OutdatedError
            result = await run(connection)
            await raise_revision(connection, tenant)
            return result

        try:
            return await self._database.transaction(work, timeout_seconds=_WRITE_SECONDS)
        finally:
            # Whoever cannot tell whether it was committed, asks.
            self._forget(tenant)
