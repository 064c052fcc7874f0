"""What can go wrong underneath a call, made to happen in the real database."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TypeAlias

import asyncpg

from tests.eventually import eventually

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

_WAITERS = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"


@asynccontextmanager
async def connected(postgres_url: str) -> AsyncIterator[Connection]:
    connection = await asyncpg.connect(postgres_url)
    try:
        yield connection
    finally:
        await connection.close()


@asynccontextmanager
async def locked(postgres_url: str, table: str) -> AsyncIterator[Connection]:
    """Whoever reads the table waits."""
    async with connected(postgres_url) as connection, connection.transaction():
        await connection.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
        yield connection


@asynccontextmanager
async def missing(postgres_url: str, table: str) -> AsyncIterator[None]:
    """Statements on the table fail in a way that nobody foresaw."""
    async with connected(postgres_url) as connection:
        await connection.execute(f"ALTER TABLE {table} RENAME TO {table}_away")
        try:
            yield
        finally:
            await connection.execute(f"ALTER TABLE {table}_away RENAME TO {table}")


async def somebody_waits(connection: Connection) -> None:
    """Returns once a statement waits for a lock."""

    async def waits() -> object:
        return await connection.fetchval(_WAITERS)

    await eventually(waits)
