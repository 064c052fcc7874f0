"""Counting what was sent: deliveries by one statement, decisions and readings by another."""

from __future__ import annotations

from collections.abc import Iterable

from carillon_server.domain.delivery_stats import MAX_ROWS, Stats, StatsDimension, StatsKey, StatsQuery
from carillon_server.storage.database import Database, Record

_COUNTS = ("sent", "delivered", "failed", "suppressed", "opened", "clicked", "read")

_DELIVERIES = """
SELECT {bucket} AS start_time, {type} AS type, {channel} AS channel, {provider} AS provider,
    count(*) AS sent, count(*) FILTER (WHERE d.state = 4) AS delivered,
    count(*) FILTER (WHERE d.state IN (5, 6)) AS failed, 0 AS suppressed,
    count(d.open_time) AS opened, count(d.click_time) AS clicked, 0 AS read
FROM delivery d {notification}
WHERE d.tenant = $1 AND d.create_time >= $2 AND d.create_time < $3
GROUP BY 1, 2, 3, 4 LIMIT $4
"""
_NOTIFICATION = """
LEFT JOIN LATERAL (
    SELECT n.type FROM notification n WHERE n.inbox_id = d.inbox_id AND n.seq = d.seq LIMIT 1) n ON true
"""

# A decision is three bytes: channel, verdict, reason. In-app is channel 1; sent is verdict 1, suppressed 3.
_NOTIFICATIONS = """
SELECT {bucket} AS start_time, {type} AS type, {channel} AS channel, '' AS provider,
    count(*) FILTER (WHERE c.channel = 1 AND c.verdict = 1) AS sent,
    count(*) FILTER (WHERE c.channel = 1 AND c.verdict = 1) AS delivered,
    0 AS failed, count(*) FILTER (WHERE c.verdict = 3) AS suppressed, 0 AS opened, 0 AS clicked,
    count(n.read_time) FILTER (WHERE c.channel = 1) AS read
FROM notification n
JOIN inbox i ON i.inbox_id = n.inbox_id AND i.tenant = $1
CROSS JOIN LATERAL (
    SELECT get_byte(n.decisions, at) AS channel, get_byte(n.decisions, at + 1) AS verdict
    FROM generate_series(0, length(n.decisions) - 3, 3) AS at) c
WHERE n.create_time >= $2 AND n.create_time < $3 AND (c.verdict = 3 OR c.channel = 1 AND c.verdict = 1)
GROUP BY 1, 2, 3, 4 LIMIT $4
"""


def compose_stats(query: StatsQuery) -> tuple[str, str]:
    """The two statements; both take tenant, start, end and the limit."""
    by_type = StatsDimension.TYPE in query.group_by
    by_channel = StatsDimension.CHANNEL in query.group_by
    type_ = "coalesce(n.type, '')" if by_type else "''"
    deliveries = _DELIVERIES.format(
        bucket=_bucket(query, "d.create_time"),
        type=type_,
        channel="get_byte(d.endpoint_id, 0)" if by_channel else "0",
        provider="d.provider" if StatsDimension.PROVIDER in query.group_by else "''",
        notification=_NOTIFICATION if by_type else "",
    )
    notifications = _NOTIFICATIONS.format(
        bucket=_bucket(query, "n.create_time"), type=type_, channel="c.channel" if by_channel else "0"
    )
    return deliveries, notifications


async def fetch_stats(
    database: Database, tenant: str, query: StatsQuery, *, timeout: float | None
) -> dict[StatsKey, Stats]:
    """Groups in which nothing happened are left out; more than `MAX_ROWS` are cut to one more."""
    arguments = (tenant, query.start_time, query.end_time, MAX_ROWS + 1)
    found: dict[StatsKey, Stats] = {}
    for sql in compose_stats(query):
        _add(found, await database.fetch(sql, *arguments, timeout=timeout))
    return found


def _bucket(query: StatsQuery, column: str) -> str:
    return f"date_trunc('{query.bucket.value}', {column}, 'UTC')" if query.bucket else "NULL::timestamptz"


def _add(found: dict[StatsKey, Stats], rows: Iterable[Record]) -> None:
    for row in rows:
        key = StatsKey(row["start_time"], row["type"], row["channel"], row["provider"])
        found[key] = found.get(key, Stats()) + Stats(**{name: row[name] for name in _COUNTS})
