"""A page of a small inbox, and of one with a million notifications."""

from __future__ import annotations

import itertools

import asyncpg

from benchmarks.figure import Figure
from benchmarks.load import measure
from benchmarks.rounds import compare
from benchmarks.service import Service
from carillon.v1 import notification_service_pb2 as pb
from carillon_server.domain.inbox import derive_inbox_id

_LIST = "/carillon.v1.NotificationService/List"
_SMALL, _LARGE = 100, 1_000_000
_CALLS = 300
_FILL = """
WITH filled AS (
    INSERT INTO notification (inbox_id, seq, change_version, position, stage, type, category, priority,
        thread_key, collapse_key, actor_id, channels, sender, payload, decisions, create_time, deliver_time)
    SELECT $1, n, n, n, 1, 'scan.completed', '', 2, '', '', '', '', 'bench', $4, '', now(), now()
    FROM generate_series(1, $3::bigint) AS n
)
INSERT INTO inbox (inbox_id, tenant, recipient_id, epoch, version, total, unread, unseen)
VALUES ($1, 'bench', $2, 1, $3, $3, $3, $3)
"""


async def long_inbox(service: Service) -> list[Figure]:
    """p50 of a page of 20, one reader."""
    connection = await asyncpg.connect(service.database_url)
    try:
        for name, size in (("small", _SMALL), ("large", _LARGE)):
            payload = b"\x2a\x10\x0a\x0eScan completed"
            await connection.execute(_FILL, derive_inbox_id("bench", name), name, size, payload)
        await connection.execute("VACUUM ANALYZE notification")
        name = f"List of 20: p50, {_LARGE:,} in the inbox / {_SMALL}"
        figure = await compare(
            name, lambda: _p50(service, "large"), lambda: _p50(service, "small"), "ms", "≤ 1.2"
        )
        await connection.execute(
            "DELETE FROM notification WHERE inbox_id = $1", derive_inbox_id("bench", "large")
        )
    finally:
        await connection.close()
    return [figure]


async def _p50(service: Service, recipient_id: str) -> float:
    page = pb.ListRequest(recipient_id=recipient_id, page_size=20).SerializeToString()
    pages = itertools.repeat(page)
    rate = await measure(
        service.target, _LIST, lambda: pages, calls=_CALLS, in_flight=1, warm_up=50, token=service.gateway
    )
    return rate.p50_seconds * 1e3
