"""The outbox: which deliveries are due, who holds them, what became of them.

A delivery is due when `next_attempt_time` has come. A claim moves that time to the end of its lease, so the
delivery of a worker that died becomes due by itself. Every claim raises `fence`; whoever writes a result
names the fence of its claim, and a stale one changes nothing. All times are those of the database's clock.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from carillon_server.domain.channel import Channel, Platform
from carillon_server.domain.delivery import DeliveryState
from carillon_server.domain.ids import DeliveryId
from carillon_server.domain.lane import Lane
from carillon_server.storage.database import Connection, Database, column
from carillon_server.storage.due_rows import Due, read_due
from carillon_server.storage.inboxes import USABLE_ENDPOINT

# LIMIT 1 keeps each lookup a lookup: whatever the statistics say, no table is ever read as a whole.
_LOCK = """
WITH due AS (
    SELECT *, CASE WHEN length(endpoint_id) > 0 THEN get_byte(endpoint_id, 0) END AS channel
    FROM delivery WHERE {condition} AND next_attempt_time <= now()
    ORDER BY next_attempt_time LIMIT $1 FOR UPDATE SKIP LOCKED
)
SELECT d.inbox_id, d.seq, d.ordinal, d.endpoint_id, d.lane, d.state, d.attempt_count, d.uncounted_attempts,
    d.tried, d.at_most_once, d.fallback_chain, d.fence, d.request_trace,
    extract(epoch FROM now() - coalesce(d.begin_time, d.create_time))::float8 AS age_seconds, now() AS now,
    n.stage, n.expire_time, n.type, n.actor_id, n.thread_key, n.labels, n.attachments, n.channels, n.policy,
    n.create_time, coalesce(b.payload, n.payload) AS payload, coalesce(b.parts, o.content) AS parts,
    e.address, e.lives, e.platform, r.tenant, r.recipient_id, r.locale, p.document
FROM due d
LEFT JOIN LATERAL (
    SELECT * FROM notification n WHERE n.inbox_id = d.inbox_id AND n.seq = d.seq LIMIT 1) n ON true
LEFT JOIN LATERAL (
    SELECT o.content FROM notification_part o
    WHERE o.inbox_id = d.inbox_id AND o.seq = d.seq AND o.channel = d.channel LIMIT 1) o ON true
LEFT JOIN LATERAL (
    SELECT b.payload, b.parts -> d.channel::text AS parts FROM broadcast_content b
    WHERE b.broadcast_id = n.broadcast_id AND b.variant = n.broadcast_variant LIMIT 1) b ON true
LEFT JOIN LATERAL (
    SELECT e.address, e.platform, {usable} AS lives FROM endpoint e
    WHERE e.inbox_id = d.inbox_id AND e.endpoint_id = d.endpoint_id LIMIT 1) e ON true
LEFT JOIN LATERAL (
    SELECT r.tenant, r.recipient_id, r.locale FROM recipient r WHERE r.inbox_id = d.inbox_id LIMIT 1) r
    ON true
LEFT JOIN LATERAL (
    SELECT p.document FROM preference p WHERE p.inbox_id = d.inbox_id LIMIT 1) p ON true
ORDER BY d.next_attempt_time
"""
LOCK_DUE = _LOCK.format(usable=USABLE_ENDPOINT, condition="lane = $2 AND state <= 3 AND state <> 2")
"""What waits for an attempt in a lane."""
LOCK_SUSPECTS = _LOCK.format(usable=USABLE_ENDPOINT, condition="state = 2")
"""Whose last attempt never came back, in any lane: an index of their own finds them among millions."""

_TAKE = """
WITH taken AS (
    UPDATE delivery d SET state = 2, fence = d.fence + 1, attempt_count = d.attempt_count + 1,
        lease_expire_time = now() + $6 * interval '1 second',
        next_attempt_time = now() + $6 * interval '1 second',
        provider = t.provider, at_most_once = t.at_most_once
    FROM unnest($1::bytea[], $2::bigint[], $3::smallint[], $4::text[], $5::boolean[])
        AS t (inbox_id, seq, ordinal, provider, at_most_once)
    WHERE d.inbox_id = t.inbox_id AND d.seq = t.seq AND d.ordinal = t.ordinal
    RETURNING d.inbox_id, d.seq, d.ordinal, d.attempt_count, t.provider
)
INSERT INTO attempt (inbox_id, seq, ordinal, number, provider, start_time) SELECT *, now() FROM taken
"""

# What fell to a suspect's lot is no try: it waits like anything that was tried before.
_POSTPONE = """
UPDATE delivery d SET state = CASE d.state WHEN 1 THEN 1 ELSE 3 END, fence = d.fence + 1,
    lease_expire_time = NULL, tried = '{}', next_attempt_time = now() + t.seconds * interval '1 second'
FROM unnest($1::bytea[], $2::bigint[], $3::smallint[], $4::float8[]) AS t (inbox_id, seq, ordinal, seconds)
WHERE d.inbox_id = t.inbox_id AND d.seq = t.seq AND d.ordinal = t.ordinal
"""

_END = """
UPDATE delivery d SET state = t.state, fence = d.fence + 1, finish_time = now(), finish_reason = t.reason,
    lease_expire_time = NULL
FROM unnest($1::bytea[], $2::bigint[], $3::smallint[], $4::smallint[], $5::text[])
    AS t (inbox_id, seq, ordinal, state, reason)
WHERE d.inbox_id = t.inbox_id AND d.seq = t.seq AND d.ordinal = t.ordinal
"""

_EXTEND = """
UPDATE delivery d SET lease_expire_time = now() + $5 * interval '1 second',
    next_attempt_time = now() + $5 * interval '1 second'
FROM unnest($1::bytea[], $2::bigint[], $3::smallint[], $4::bigint[]) AS h (inbox_id, seq, ordinal, fence)
WHERE d.inbox_id = h.inbox_id AND d.seq = h.seq AND d.ordinal = h.ordinal AND d.fence = h.fence
    AND d.state = 2
"""

_BACKLOG = """
SELECT count(*) AS due_count,
    coalesce(extract(epoch FROM now() - min(next_attempt_time)), 0)::float8 AS oldest_seconds
FROM (
    SELECT next_attempt_time FROM delivery WHERE lane = $2 AND state <= 3 AND next_attempt_time <= now()
    ORDER BY next_attempt_time LIMIT $1
) AS due
"""


@dataclass(frozen=True, slots=True)
class Claim:
    """A delivery held under a lease, its attempt already counted."""

    id: DeliveryId
    lane: Lane
    fence: int
    number: int
    """Of the attempt; the first is 1."""
    try_number: int
    """The same without those that were no tries."""
    tenant: str
    recipient_id: str
    channel: Channel
    platform: Platform
    provider: str
    at_most_once: bool
    chained: bool
    address: str
    locale: str
    payload: bytes
    parts: str | None
    attachments: str | None
    create_time: datetime | None
    request_trace: str
    remaining_seconds: float
    """Until the notification expires; infinite where it never does."""
    age_seconds: float
    """Of the delivery, when it was claimed."""


@dataclass(frozen=True, slots=True)
class Ending:
    """A delivery that ends without a further attempt."""

    id: DeliveryId
    state: DeliveryState
    reason: str
    chained: bool = False


@dataclass(frozen=True, slots=True)
class Postponement:
    """A delivery that nobody may take now."""

    id: DeliveryId
    lane: Lane
    seconds: float
    reason: str


async def lock_due(connection: Connection, lane: Lane, limit: int) -> list[Due]:
    """Up to `limit` due deliveries of a lane that nobody else has locked, the longest due first; those
    whose last attempt never came back are not among them.
    """
    return [read_due(row) for row in await connection.fetch(LOCK_DUE, limit, int(lane))]


async def lock_suspects(connection: Connection, limit: int) -> list[Due]:
    """Up to `limit` deliveries whose last attempt never came back and that nobody else has locked."""
    return [read_due(row) for row in await connection.fetch(LOCK_SUSPECTS, limit)]


async def take(connection: Connection, claims: Sequence[Claim], lease_seconds: float) -> None:
    """Writes claims of deliveries that the transaction has locked, and the beginnings of their attempts."""
    rows = [(*key_of(claim.id), claim.provider, claim.at_most_once) for claim in claims]
    await connection.execute(_TAKE, *(column(rows, index) for index in range(5)), lease_seconds)


async def postpone(connection: Connection, postponements: Sequence[Postponement]) -> None:
    """Lets deliveries that the transaction has locked wait; nothing is counted."""
    rows = [(*key_of(each.id), each.seconds) for each in postponements]
    await connection.execute(_POSTPONE, *(column(rows, index) for index in range(4)))


async def end(connection: Connection, endings: Sequence[Ending]) -> None:
    """Ends deliveries that the transaction has locked."""
    rows = [(*key_of(ending.id), ending.state, ending.reason) for ending in endings]
    await connection.execute(_END, *(column(rows, index) for index in range(5)))


async def extend(connection: Connection, claims: Sequence[Claim], lease_seconds: float) -> int:
    """Gives claims that still hold a new lease; returns how many do."""
    rows = [(*key_of(claim.id), claim.fence) for claim in claims]
    status = await connection.execute(_EXTEND, *(column(rows, index) for index in range(4)), lease_seconds)
    return int(status.rpartition(" ")[2])


async def measure_backlog(database: Database, lane: Lane, at_most: int) -> tuple[int, float]:
    """How many deliveries of a lane are due (counted up to `at_most`), and for how many seconds the oldest
    is.
    """
    row = await database.fetchrow(_BACKLOG, at_most, int(lane))
    return (row["due_count"], row["oldest_seconds"]) if row else (0, 0.0)


def key_of(delivery_id: DeliveryId) -> tuple[bytes, int, int]:
    """The primary key."""
    return delivery_id.inbox_id, delivery_id.seq, delivery_id.ordinal
