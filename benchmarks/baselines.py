"""What Postgres itself can do: COPY of the same rows into the same tables, and the time of one commit."""

from __future__ import annotations

import time

import asyncpg

_COPIED = ("notification", "inbox_counter", "delivery", "idempotency", "inbox")
_COMMITS = 200


async def copy_rows_per_second(database_url: str) -> float:
    """Copies all that the service wrote into tables like its own; counts notifications."""
    connection = await asyncpg.connect(database_url)
    try:
        batches = {}
        for table in _COPIED:
            await connection.execute(f"CREATE TABLE copy_of_{table} (LIKE {table} INCLUDING ALL)")
            rows = await connection.fetch(f"SELECT * FROM {table}")
            batches[table] = [tuple(row) for row in rows]
        started = time.perf_counter()
        async with connection.transaction():
            for table, records in batches.items():
                await connection.copy_records_to_table(f"copy_of_{table}", records=records)
        elapsed = time.perf_counter() - started
        for table in _COPIED:
            await connection.execute(f"DROP TABLE copy_of_{table}")
        return len(batches["notification"]) / elapsed
    finally:
        await connection.close()


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
