"""Connections between two uses, kept at hand.

To give a connection back to the pool costs a task and to take one a timer, several times what a short
statement does. So whoever is done with one that is whole leaves it here for the next; the pool is asked when
none lies here, and gets all back that somebody waits for or that may not be whole.
"""

from __future__ import annotations

from typing import TypeAlias

import asyncpg

Connection: TypeAlias = "asyncpg.pool.PoolConnectionProxy[asyncpg.Record]"


class Spares:
    """In front of a pool."""

    def __init__(self, pool: asyncpg.Pool[asyncpg.Record], acquire_timeout_seconds: float) -> None:
        self._pool = pool
        self._acquire_timeout_seconds = acquire_timeout_seconds
        self._free: list[Connection] = []
        self._waiting = 0

    async def take(self) -> Connection:
        """Raises what `Pool.acquire` raises."""
        while self._free:
            connection = self._free.pop()
            if not _is_gone(connection):
                return connection
            await self._pool.release(connection)
        self._waiting += 1
        try:
            return await self._pool.acquire(timeout=self._acquire_timeout_seconds)
        finally:
            self._waiting -= 1

    def keep(self, connection: Connection) -> bool:
        """Whether it stays here, after a use that went well; else it is to be given back."""
        if self._waiting or _is_gone(connection) or connection.is_in_transaction():
            return False
        self._free.append(connection)
        return True

    async def give_back(self, connection: Connection) -> None:
        """To the pool, which finds out whether it is whole."""
        await self._pool.release(connection)

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
