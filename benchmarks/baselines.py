"""What Postgres itself can do: COPY of the same rows into the same tables, and the time of one commit."""

from __future__ import annotations

import time

import asyncpg

_COMMITS = 200

# Each notification moves its inbox and its counter on: Postgres writes a new version of both rows, so both
# are copied once for each notification.
_WRITTEN = {
    "notification": "SELECT * FROM notification",
    "delivery": "SELECT * FROM delivery",
    "idempotency": "SELECT * FROM idempotency",
    "inbox": "SELECT i.* FROM notification n JOIN inbox i USING (inbox_id)",
    "inbox_counter": "SELECT c.* FROM notification n "
    "JOIN inbox_counter c USING (inbox_id, type, category, priority)",
}
_KEYS_OF_VERSIONS = {"inbox": "inbox_id", "inbox_counter": "inbox_id, type, category, priority"}


async def copy_rows_per_second(database_url: str) -> float:
    """Copies all that the service wrote into tables like its own; counts notifications."""
    connection = await asyncpg.connect(database_url)
    try:
        batches = {}
        for table, written in _WRITTEN.items():
            await _create_copy(connection, table)
            batches[table] = [tuple(row) for row in await connection.fetch(written)]
        started = time.perf_counter()
        async with connection.transaction():
            for table, records in batches.items():
                await connection.copy_records_to_table(f"copy_of_{table}", records=records)
        elapsed = time.perf_counter() - started
        for table in batches:
            await connection.execute(f"DROP TABLE copy_of_{table}")
        return len(batches["notification"]) / elapsed
    finally:
        await connection.close()


async def _create_copy(connection: asyncpg.Connection[asyncpg.Record], table: str) -> None:
    """With the same columns and indexes, but one that lets in several versions of a row."""
    keys = _KEYS_OF_VERSIONS.get(table)
    if keys is None:
        await connection.execute(f"CREATE TABLE copy_of_{table} (LIKE {table} INCLUDING ALL)")
    else:
        await connection.execute(f"CREATE TABLE copy_of_{table} (LIKE {table} INCLUDING DEFAULTS)")
        await connection.execute(f"CREATE INDEX ON copy_of_{table} ({keys})")


async def commit_seconds(database_url: str) -> float:
    """Half of one-row transactions take no longer."""
    connection = await asyncpg.connect(database_url)
    try:
        await connection.execute("CREATE TABLE commits (n bigint PRIMARY KEY)")
        times = []
        for number in range(_COMMITS):
            started = time.perf_counter()
            await connection.execute("INSERT INTO commits VALUES ($1)", number)
            times.append(time.perf_counter() - started)
        await connection.execute("DROP TABLE commits")
        return sorted(times)[_COMMITS // 2]
    finally:
        await connection.close()
