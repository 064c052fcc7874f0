"""Locks held in the database of an installation, and what of the service runs or waits there."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TypeAlias

import asyncpg

from carillon_server.domain.inbox import InboxAddress
from tests.faults.installation import Installation

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

# Of the service's own connections; what a statement waits for counts as running.
_RUNNING = """
SELECT query FROM pg_stat_activity
WHERE application_name = 'carillon' AND pid <> pg_backend_pid() AND wait_event_type = 'Lock'
"""


@asynccontextmanager
async def locked_table(url: str, table: str) -> AsyncIterator[None]:
    """Whoever reads or writes the table waits."""
    async with _transaction(url) as connection:
        await connection.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
        yield


@asynccontextmanager
async def locked_inbox(installation: Installation, recipient_id: str) -> AsyncIterator[None]:
    """Whoever changes the inbox waits."""
    async with _transaction(installation.postgres.url) as connection:
        inbox_id = InboxAddress(installation.tenant, recipient_id).inbox_id
        assert await connection.fetchval("SELECT 1 FROM inbox WHERE inbox_id = $1 FOR UPDATE", inbox_id)
        yield


async def waiting_statements(connection: Connection) -> list[str]:
    """The texts of the service's statements that wait for a lock."""
    return [row["query"] for row in await connection.fetch(_RUNNING)]


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[Connection]:
    connection = await asyncpg.connect(url)
    try:
        yield connection
    finally:
        await connection.close()


@asynccontextmanager
async def _transaction(url: str) -> AsyncIterator[Connection]:
    async with connected(url) as connection, connection.transaction():
        yield connection
