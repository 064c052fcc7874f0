"""The outbox: which deliveries are due, who holds them, what became of them.

A delivery is due when `next_attempt_time` has come. A claim moves that time to the end of its lease, so the
delivery of a worker that died becomes due by itself. Every claim raises `fence`; whoever writes a result
names the fence of its claim, and a stale one changes nothing. All times are those of the database's clock.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from carillon_server.domain.channel import Channel
from carillon_server.domain.decide import Subject
from carillon_server.domain.delivery import DeliveryState
from carillon_server.domain.ids import DeliveryId
from carillon_server.domain.notification import Stage
from carillon_server.domain.withdrawal import Standing
from carillon_server.storage.database import Connection, Database, Record, column
from carillon_server.storage.preference_rows import parse_preferences

# LIMIT 1 keeps each lookup a lookup: whatever the statistics say, no table is ever read as a whole.
LOCK_DUE = """
WITH due AS (
    SELECT * FROM delivery WHERE state <= 3 AND next_attempt_time <= now()
    ORDER BY next_attempt_time LIMIT $1 FOR UPDATE SKIP LOCKED
)
SELECT d.inbox_id, d.seq, d.ordinal, d.endpoint_id, d.attempt_count, d.fence, d.request_trace,
    extract(epoch FROM now() - d.create_time)::float8 AS age_seconds, now() AS now,
    n.stage, n.expire_time, n.type, n.actor_id, n.thread_key, n.labels, n.payload,
    e.address, e.lives, r.recipient_id, r.locale, p.document
FROM due d
LEFT JOIN LATERAL (
    SELECT * FROM notification n WHERE n.inbox_id = d.inbox_id AND n.seq = d.seq LIMIT 1) n ON true
LEFT JOIN LATERAL (
    SELECT e.address, e.retire_time IS NULL AS lives FROM endpoint e
    WHERE e.inbox_id = d.inbox_id AND e.endpoint_id = d.endpoint_id LIMIT 1) e ON true
LEFT JOIN LATERAL (
    SELECT r.recipient_id, r.locale FROM recipient r WHERE r.inbox_id = d.inbox_id LIMIT 1) r ON true
LEFT JOIN LATERAL (
    SELECT p.document FROM preference p WHERE p.inbox_id = d.inbox_id LIMIT 1) p ON true
ORDER BY d.next_attempt_time
"""

_TAKE = """
WITH taken AS (
    UPDATE delivery d SET state = 2, fence = d.fence + 1, attempt_count = d.attempt_count + 1,
        lease_expire_time = now() + $5 * interval '1 second',
        next_attempt_time = now() + $5 * interval '1 second'
    FROM unnest($1::bytea[], $2::bigint[], $3::smallint[], $4::text[]) AS t (inbox_id, seq, ordinal, provider)
    WHERE d.inbox_id = t.inbox_id AND d.seq = t.seq AND d.ordinal = t.ordinal
    RETURNING d.inbox_id, d.seq, d.ordinal, d.attempt_count, t.provider
)
INSERT INTO attempt (inbox_id, seq, ordinal, number, provider, start_time) SELECT *, now() FROM taken
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

_RECORD = """
WITH recorded AS (
    UPDATE delivery d SET state = r.state, lease_expire_time = NULL, finish_reason = r.reason,
        finish_time = CASE WHEN r.delay_seconds IS NULL THEN now() END,
        next_attempt_time = now() + coalesce(r.delay_seconds, 0) * interval '1 second'
    FROM unnest($1::bytea[], $2::bigint[], $3::smallint[], $4::bigint[], $5::integer[], $6::smallint[],
        $7::float8[], $8::text[], $9::text[], $10::text[], $11::text[], $12::text[], $13::boolean[])
        AS r (inbox_id, seq, ordinal, fence, number, state, delay_seconds, reason, outcome,
            provider_message_id, error_class, error_detail, endpoint_gone)
    WHERE d.inbox_id = r.inbox_id AND d.seq = r.seq AND d.ordinal = r.ordinal AND d.fence = r.fence
        AND d.state = 2
    RETURNING r.*, d.endpoint_id
), attempted AS (
    UPDATE attempt a SET end_time = now(), outcome = r.outcome, provider_message_id = r.provider_message_id,
        error_class = r.error_class, error_detail = r.error_detail
    FROM recorded r
    WHERE a.inbox_id = r.inbox_id AND a.seq = r.seq AND a.ordinal = r.ordinal AND a.number = r.number
), retired AS (
    UPDATE endpoint e SET retire_time = now(), retire_reason = r.error_class
    FROM recorded r
    WHERE r.endpoint_gone AND e.inbox_id = r.inbox_id AND e.endpoint_id = r.endpoint_id
        AND e.retire_time IS NULL
)
SELECT inbox_id, seq, ordinal FROM recorded
"""

_BACKLOG = """
SELECT count(*) AS due_count,
    coalesce(extract(epoch FROM now() - min(next_attempt_time)), 0)::float8 AS oldest_seconds
FROM (
    SELECT next_attempt_time FROM delivery WHERE state <= 3 AND next_attempt_time <= now()
    ORDER BY next_attempt_time LIMIT $1
) AS due
"""


@dataclass(frozen=True, slots=True)
class Due:
    """A due delivery, locked until the transaction ends, with what its attempt depends on."""

    id: DeliveryId
    endpoint_id: bytes
    attempt_count: int
    fence: int
    age_seconds: float
    request_trace: str
    now: datetime
    standing: Standing | None
    """None: the notification or its recipient is gone."""
    unreadable: str
    """Why the rows make no sense; empty: they do."""
    address: str
    locale: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class Claim:
    """A delivery held under a lease, its attempt already counted."""

    id: DeliveryId
    fence: int
    number: int
    """Of the attempt; the first is 1."""
    channel: Channel
    provider: str
    address: str
    locale: str
    payload: bytes
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


@dataclass(frozen=True, slots=True)
class AttemptResult:
    """What an attempt came to, and what the delivery becomes."""

    claim: Claim
    state: DeliveryState
    outcome: str
    delay_seconds: float | None = None
    """Until the next attempt; None: there is none."""
    reason: str | None = None
    """Why the delivery ended; None: it goes on, or was delivered."""
    provider_message_id: str | None = None
    error_class: str | None = None
    error_detail: str | None = None
    endpoint_gone: bool = False


async def lock_due(connection: Connection, limit: int) -> list[Due]:
    """Up to `limit` due deliveries that nobody else has locked, the longest due first."""
    return [_read_due(row) for row in await connection.fetch(LOCK_DUE, limit)]


async def take(connection: Connection, claims: Sequence[Claim], lease_seconds: float) -> None:
    """Writes claims of deliveries that the transaction has locked, and the beginnings of their attempts."""
    rows = [(*_key(claim.id), claim.provider) for claim in claims]
    await connection.execute(_TAKE, *(column(rows, index) for index in range(4)), lease_seconds)


async def end(connection: Connection, endings: Sequence[Ending]) -> None:
    """Ends deliveries that the transaction has locked."""
    rows = [(*_key(ending.id), ending.state, ending.reason) for ending in endings]
    await connection.execute(_END, *(column(rows, index) for index in range(5)))


async def extend(connection: Connection, claims: Sequence[Claim], lease_seconds: float) -> int:
    """Gives claims that still hold a new lease; returns how many do."""
    rows = [(*_key(claim.id), claim.fence) for claim in claims]
    status = await connection.execute(_EXTEND, *(column(rows, index) for index in range(4)), lease_seconds)
    return int(status.rpartition(" ")[2])


async def record(connection: Connection, results: Sequence[AttemptResult]) -> set[DeliveryId]:
    """Writes results of claims that still hold; returns which those were."""
    rows = [_result_row(result) for result in results]
    recorded = await connection.fetch(_RECORD, *(column(rows, index) for index in range(13)))
    return {DeliveryId(row["inbox_id"], row["seq"], row["ordinal"]) for row in recorded}


async def measure_backlog(database: Database, at_most: int) -> tuple[int, float]:
    """How many deliveries are due (counted up to `at_most`), and for how many seconds the oldest is."""
    row = await database.fetchrow(_BACKLOG, at_most)
    return (row["due_count"], row["oldest_seconds"]) if row else (0, 0.0)


def _key(delivery_id: DeliveryId) -> tuple[bytes, int, int]:
    return delivery_id.inbox_id, delivery_id.seq, delivery_id.ordinal


def _result_row(result: AttemptResult) -> tuple[object, ...]:
    return (
        *_key(result.claim.id),
        result.claim.fence,
        result.claim.number,
        result.state,
        result.delay_seconds,
        result.reason,
        result.outcome,
        result.provider_message_id,
        result.error_class,
        result.error_detail,
        result.endpoint_gone,
    )


def _read_due(row: Record) -> Due:
    standing, unreadable = None, ""
    try:
        standing = _read_standing(row)
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        # One row that makes no sense fails alone, not the batch that it was claimed with.
        unreadable = type(error).__name__
    return Due(
        id=DeliveryId(row["inbox_id"], row["seq"], row["ordinal"]),
        endpoint_id=row["endpoint_id"],
        attempt_count=row["attempt_count"],
        fence=row["fence"],
        age_seconds=row["age_seconds"],
        request_trace=row["request_trace"],
        now=row["now"],
        standing=standing,
        unreadable=unreadable,
        address=row["address"] or "",
        locale=row["locale"] or "",
        payload=row["payload"] or b"",
    )


def _read_standing(row: Record) -> Standing | None:
    if row["stage"] is None or row["recipient_id"] is None:
        return None
    channel = Channel(row["endpoint_id"][0])
    subject = Subject(
        type=row["type"],
        actor_id=row["actor_id"],
        thread_key=row["thread_key"],
        labels=json.loads(row["labels"]) if row["labels"] else {},
        channels=(channel,),
        deliver_time=None,
    )
    return Standing(
        channel=channel,
        stage=Stage(row["stage"]),
        expire_time=row["expire_time"],
        endpoint_lives=bool(row["lives"]),
        subject=subject,
        recipient_id=row["recipient_id"],
        preferences=parse_preferences(row["document"]),
    )
