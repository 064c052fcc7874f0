"""How long a claim takes, however much is waiting."""

from __future__ import annotations

import time

import asyncpg

from benchmarks.figure import Figure
from benchmarks.service import Service
from carillon_server.domain.lane import Lane
from carillon_server.storage.database import Connection, Database
from carillon_server.storage.deliveries import lock_due

_WAITING = (1_000, 100_000, 1_000_000)
_BATCH = 100
_CLAIMS = 300
_P99_MS = 20.0

_CLEAR = "TRUNCATE delivery, attempt, notification"
_FILL = """
WITH people AS (
    SELECT inbox_id, tenant, row_number() OVER () - 1 AS place, count(*) OVER () AS total FROM recipient
), rows AS (
    SELECT p.inbox_id, p.tenant, 1000000 + n AS seq, n
    FROM generate_series(1, $1::bigint) AS n JOIN people p ON p.place = n % p.total
), notified AS (
    INSERT INTO notification (inbox_id, seq, change_version, position, stage, type, category, priority,
        thread_key, collapse_key, actor_id, channels, sender, payload, decisions, create_time, deliver_time)
    SELECT inbox_id, seq, seq, seq, 1, 'scan.completed', '', 2, '', '', '', '', 'bench', '', '', now(), now()
    FROM rows
)
INSERT INTO delivery (inbox_id, seq, ordinal, endpoint_id, state, next_attempt_time, create_time, tenant,
    lane)
SELECT r.inbox_id, r.seq, 0, e.endpoint_id, 1, now() - n * interval '1 millisecond', now(), r.tenant, 1
FROM rows r JOIN LATERAL (SELECT endpoint_id FROM endpoint e WHERE e.inbox_id = r.inbox_id LIMIT 1) e ON true
"""
# What a claim does to the rows it took: they are not due again before the lease ends.
_TAKE = """
UPDATE delivery d SET state = 2, fence = d.fence + 1, attempt_count = d.attempt_count + 1,
    next_attempt_time = now() + interval '1 hour'
FROM unnest($1::bytea[], $2::bigint[]) AS t (inbox_id, seq)
WHERE d.inbox_id = t.inbox_id AND d.seq = t.seq
"""


async def claims(service: Service) -> list[Figure]:
    """p99 of a claim of 100 with 100,000 waiting, and how it grows from 1,000 to 1,000,000."""
    p50, p99 = {}, {}
    for waiting in _WAITING:
        await _fill(service.database_url, waiting)
        p50[waiting], p99[waiting] = await _claim_times(service.database_url, waiting)
    middle, least, most = p99[100_000], p50[1_000], p50[1_000_000]
    return [
        Figure("Claim of 100, 100,000 waiting: p99", middle, _P99_MS, "ms", middle / _P99_MS, "≤ 1"),
        Figure("Claim of 100: p50, 1,000,000 waiting / 1,000", most, least, "ms", most / least, "≤ 1.2"),
    ]


async def _fill(database_url: str, waiting: int) -> None:
    # A connection without the service's limits of time.
    connection = await asyncpg.connect(database_url)
    try:
        await connection.execute(_CLEAR)
        await connection.execute(_FILL, waiting)
        await connection.execute("VACUUM ANALYZE")
    finally:
        await connection.close()


async def _claim_times(database_url: str, waiting: int) -> tuple[float, float]:
    database = await Database.connect(database_url, max_connections=2)
    times = []
    try:
        for _ in range(min(_CLAIMS, waiting // _BATCH)):
            started = time.perf_counter()
            await database.transaction(_claim)
            times.append((time.perf_counter() - started) * 1e3)
    finally:
        await database.close()
    times.sort()
    return times[len(times) // 2], times[int(len(times) * 0.99)]


async def _claim(connection: Connection) -> None:
    due = await lock_due(connection, Lane.BULK, _BATCH)
    await connection.execute(_TAKE, [each.id.inbox_id for each in due], [each.id.seq for each in due])
