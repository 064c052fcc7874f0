"""Connections between two uses, kept at hand.

To give a connection back to the pool costs a task and to take one a timer, several times what a short
statement does. So whoever is done with one that is whole leaves it here for the next; the pool is asked when
none lies here, and gets all back that somebody waits for or that may not be whole.

When Postgres is away, or has another server in its place, none of them is of use any more.
"""

from __future__ import annotations

import asyncio
from typing import TypeAlias

import asyncpg

Connection: TypeAlias = "asyncpg.pool.PoolConnectionProxy[asyncpg.Record]"


class Spares:
    """In front of a pool."""

    def __init__(self, pool: asyncpg.Pool[asyncpg.Record], acquire_timeout_seconds: float) -> None:
        self._pool = pool
        self._acquire_timeout_seconds = acquire_timeout_seconds
        self._free: list[Connection] = []
        self._used: set[Connection] = set()
        self._outdated: set[Connection] = set()
        self._waits: set[asyncio.Timeout] = set()

    async def take(self) -> Connection:
        """Raises what `Pool.acquire` raises, and `TimeoutError`."""
        while self._free:
            connection = self._free.pop()
            if not _is_gone(connection):
                self._used.add(connection)
                return connection
            await self._pool.release(connection)
        connection = await self._acquire()
        self._used.add(connection)
        return connection

    def keep(self, connection: Connection) -> bool:
        """Whether it stays here, after a use that went well; else it is to be given back."""
        if self._waits or _is_gone(connection) or connection.is_in_transaction():
            return False
        if connection in self._outdated:
            return False
        self._used.discard(connection)
        self._free.append(connection)
        return True

    async def give_back(self, connection: Connection) -> None:
        """To the pool, which finds out whether it is whole."""
        try:
            await self._pool.release(connection)
        finally:
            self._used.discard(connection)
            self._outdated.discard(connection)

    def abandon(self) -> None:
        """Whoever uses a connection or waits for one fails now: nobody will answer them."""
        now = asyncio.get_running_loop().time()
        for wait in self._waits:
            if not wait.expired():
                wait.reschedule(now)
        for connection in (*self._used, *self._free):
            _terminate(connection)

    async def renew(self) -> None:
        """Connections are used up to the end of what they are used for, then replaced."""
        self._outdated.update(self._used)
        await self._pool.expire_connections()
        while self._free:
            await self._pool.release(self._free.pop())

    async def _acquire(self) -> Connection:
        async with asyncio.timeout(self._acquire_timeout_seconds) as wait:
            self._waits.add(wait)
            try:
                return await self._pool.acquire()
            finally:
                self._waits.discard(wait)

    async def close(self) -> None:
        """Gives all back."""
        while self._free:
            await self._pool.release(self._free.pop())


def _is_gone(connection: Connection) -> bool:
    try:
        return connection.is_closed()
    except asyncpg.InterfaceError:
        # The pool has taken back what Postgres closed.
        return True


def _terminate(connection: Connection) -> None:
    if not _is_gone(connection):
        connection.terminate()
