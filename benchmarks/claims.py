"""How long a claim takes, however much is waiting."""

from __future__ import annotations

import time
from statistics import median

import asyncpg

from benchmarks.figure import Figure
from benchmarks.service import Service
from carillon_server.domain.lane import Lane
from carillon_server.storage.database import Connection, Database
from carillon_server.storage.deliveries import lock_due

_LEAST, _MIDDLE, _MOST = 1_000, 100_000, 1_000_000
# A thousand are ten claims: many turns, before and after the others, so that what else the machine does meets
# all alike.
_TURNS = (*(_LEAST,) * 10, _MIDDLE, _MOST, *(_LEAST,) * 10)
_BATCH = 100
_CLAIMS = 300
_P99_MS = 20.0

_CLEAR = "TRUNCATE delivery, attempt, notification"
_FILL = """
WITH people AS (
    SELECT r.inbox_id, r.tenant, e.endpoint_id, row_number() OVER () - 1 AS place
    FROM recipient r
    JOIN LATERAL (SELECT endpoint_id FROM endpoint WHERE inbox_id = r.inbox_id LIMIT 1) AS e ON true
), rows AS (
    SELECT p.inbox_id, p.tenant, p.endpoint_id, 1000000 + n AS seq, n
    FROM generate_series(1, $1::bigint) AS n JOIN people p ON p.place = n % (SELECT count(*) FROM people)
), notified AS (
    INSERT INTO notification (inbox_id, seq, change_version, position, stage, type, category, priority,
        thread_key, collapse_key, actor_id, channels, sender, payload, decisions, create_time, deliver_time)
    SELECT inbox_id, seq, seq, seq, 1, 'scan.completed', '', 2, '', '', '', '', 'bench', '', '', now(), now()
    FROM rows
)
INSERT INTO delivery (inbox_id, seq, ordinal, endpoint_id, state, next_attempt_time, create_time, tenant,
    lane)
SELECT inbox_id, seq, 0, endpoint_id, 1, now() - n * interval '1 millisecond', now(), tenant, 1 FROM rows
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
    times: dict[int, list[float]] = {_LEAST: [], _MIDDLE: [], _MOST: []}
    for waiting in _TURNS:
        await _fill(service.database_url, waiting)
        times[waiting] += await _claim_times(service.database_url, waiting)
    p50 = {waiting: median(taken) for waiting, taken in times.items()}
    p99 = sorted(times[_MIDDLE])[int(len(times[_MIDDLE]) * 0.99)]
    least, most = p50[_LEAST], p50[_MOST]
    return [
        Figure("Claim of 100, 100,000 waiting: p99", p99, _P99_MS, "ms", p99 / _P99_MS, "≤ 1"),
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


async def _claim_times(database_url: str, waiting: int) -> list[float]:
    """In milliseconds. The first is not counted: its connection has planned nothing yet."""
    database = await Database.connect(database_url, max_connections=2)
    times = []
    try:
        for _ in range(min(_CLAIMS, waiting // _BATCH)):
            started = time.perf_counter()
            await database.transaction(_claim)
            times.append((time.perf_counter() - started) * 1e3)
    finally:
        await database.close()
    return times[1:]


async def _claim(connection: Connection) -> None:
    due = await lock_due(connection, Lane.BULK, _BATCH)
    await connection.execute(_TAKE, [each.id.inbox_id for each in due], [each.id.seq for each in due])
