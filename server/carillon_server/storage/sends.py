"""A batch of sends as set-based SQL: its arrays grow with it, never the number of statements."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

import asyncpg

from carillon_server.domain.channel import Channel
from carillon_server.domain.inbox import Counts, InboxState
from carillon_server.domain.notification import Stage
from carillon_server.domain.send import SendOutcome, load_outcome
from carillon_server.domain.value import dataclass
from carillon_server.storage.database import Connection, column
from carillon_server.storage.delivery_rows import (
    DELIVERY_COLUMNS,
    DeliveryRow,
    begin_time,
    delivery_row,
    due_time,
)
from carillon_server.storage.inboxes import CounterKey, counter_rows
from carillon_server.storage.sent_variants import KIND_COLUMNS, SentVariant, variant_rows

_FIND_COLLAPSED = """
SELECT n.inbox_id, n.seq, n.collapse_key, n.type, n.category, n.priority, n.seen_time IS NULL AS unseen,
    n.archive_time IS NOT NULL AS archived
FROM unnest($1::bytea[], $2::text[]) AS k (inbox_id, collapse_key)
JOIN notification n ON n.inbox_id = k.inbox_id AND n.collapse_key = k.collapse_key
WHERE n.stage = 1 AND n.read_time IS NULL AND n.collapse_key <> '' ORDER BY n.inbox_id, n.position
"""

_MOVE = """
    UPDATE inbox i SET version = m.version, total = m.total, unread = m.unread, unseen = m.unseen,
        archived = m.archived
    FROM unnest($1::bytea[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[])
        AS m (inbox_id, version, total, unread, unseen, archived)
    WHERE i.inbox_id = m.inbox_id
"""
_REMEMBER = """
INSERT INTO idempotency (tenant, caller, request_id, request_hash, outcome, create_time)
SELECT r.*, $15 FROM unnest($58::text[], $59::text[], $60::text[], $61::bytea[], $62::text[]) AS r
ON CONFLICT DO NOTHING
"""
_STATEMENT = """
WITH moved AS ({move}), counted AS (
    INSERT INTO inbox_counter AS c (inbox_id, type, category, priority, total, unread, unseen, archived)
    SELECT * FROM unnest($7::bytea[], $8::text[], $9::text[], $10::smallint[], $11::bigint[], $12::bigint[],
        $13::bigint[], $14::bigint[])
    ON CONFLICT (inbox_id, type, category, priority) DO UPDATE SET total = c.total + excluded.total,
        unread = c.unread + excluded.unread, unseen = c.unseen + excluded.unseen,
        archived = c.archived + excluded.archived
), written AS (
    INSERT INTO notification (inbox_id, seq, change_version, position, stage, type, category, priority,
        thread_key, collapse_key, actor_id, labels, channels, sender, payload, decisions, create_time,
        deliver_time, expire_time, fallbacks, attachments, policy, retain_time, keep_archived_seconds,
        broadcast_id, broadcast_variant)
    SELECT n.inbox_id, n.seq, n.seq, CASE n.stage WHEN 1 THEN n.seq ELSE 0 END, n.stage, k.type, k.category,
        k.priority, k.thread_key, k.collapse_key, k.actor_id, k.labels, k.channels, k.sender, v.payload,
        n.decisions, $15, greatest(k.deliver_time, $15), k.expire_time, k.fallbacks, k.attachments, k.policy,
        greatest(k.deliver_time, $15) + k.archive_after_seconds * interval '1 second',
        k.keep_archived_seconds, k.broadcast_id, k.broadcast_variant
    FROM unnest($16::bytea[], $17::bigint[], $18::smallint[], $19::bigint[], $20::bytea[])
        AS n (inbox_id, seq, stage, variant, decisions)
    JOIN unnest($21::bytea[], $22::bigint[]) WITH ORDINALITY AS v (payload, kind, number)
        ON v.number = n.variant + 1
    JOIN unnest($23::text[], $24::text[], $25::smallint[], $26::text[], $27::text[], $28::text[],
        $29::jsonb[], $30::bytea[], $31::text[], $32::timestamptz[], $33::timestamptz[], $34::jsonb[],
        $35::jsonb[], $36::bytea[], $37::float8[], $38::bigint[], $39::bytea[], $40::int[]) WITH ORDINALITY
        AS k (type, category, priority, thread_key, collapse_key, actor_id, labels, channels, sender,
            deliver_time, expire_time, fallbacks, attachments, policy, archive_after_seconds,
            keep_archived_seconds, broadcast_id, broadcast_variant, number) ON k.number = v.kind + 1
), worded AS (
    INSERT INTO notification_part (inbox_id, seq, channel, content)
    SELECT p.inbox_id, p.seq, p.channel, c.content
    FROM unnest($41::bytea[], $42::bigint[], $43::smallint[], $44::bigint[])
        AS p (inbox_id, seq, channel, variant)
    JOIN unnest($45::bigint[], $46::smallint[], $47::jsonb[]) AS c (variant, channel, content)
        ON c.variant = p.variant AND c.channel = p.channel
), queued AS (
    INSERT INTO delivery (inbox_id, seq, ordinal, endpoint_id, state, next_attempt_time, begin_time,
        create_time, request_trace, tenant, lane, fallback_chain, fallback_rank)
    SELECT o.inbox_id, o.seq, o.ordinal, o.endpoint_id, 1, {due}, {begin}, $15, o.request_trace, o.tenant,
        o.lane, o.chain, o.rank
    FROM unnest($48::bytea[], $49::bigint[], $50::smallint[], $51::bytea[], $52::text[], $53::text[],
        $54::smallint[], $55::smallint[], $56::smallint[], $57::float8[])
        AS o (inbox_id, seq, ordinal, endpoint_id, request_trace, tenant, lane, chain, rank, wait_seconds)
)
{end}
"""
_TIMES = {"due": due_time("$15"), "begin": begin_time("$15")}
_WRITE = _STATEMENT.format(move=_MOVE, end=_REMEMBER, **_TIMES)
# Nothing is locked before, so it fails as a whole unless it finds what it was planned for. Like everybody it
# locks inboxes in key order, and all of them before anything else.
_WRITE_UNLOCKED = _STATEMENT.replace(
    "WITH moved AS",
    """WITH held AS (
    SELECT i.inbox_id FROM inbox i
    JOIN unnest($1::bytea[], $63::bigint[]) AS p (inbox_id, version) ON p.inbox_id = i.inbox_id
    WHERE i.version = p.version ORDER BY i.inbox_id FOR UPDATE OF i
), moved AS""",
).format(
    move=f"{_MOVE} AND i.inbox_id IN (SELECT inbox_id FROM held) RETURNING 1",
    end=f""", remembered AS ({_REMEMBER} RETURNING 1)
SELECT 1 / CASE WHEN (SELECT count(*) FROM moved) = cardinality($1::bytea[])
    AND (SELECT count(*) FROM remembered) = cardinality($58::text[]) THEN 1 ELSE 0 END""",
    **_TIMES,
)

_FIND_OUTCOMES = """
SELECT i.tenant, i.caller, i.request_id, i.request_hash, i.outcome
FROM unnest($1::text[], $2::text[], $3::text[]) AS k (tenant, caller, request_id)
JOIN idempotency i USING (tenant, caller, request_id)
"""

RequestKey = tuple[str, str, str]
"""tenant, caller, request_id."""


@dataclass(frozen=True, slots=True)
class Collapsed:
    """An unread notification that a newer one with its key takes the place of."""

    inbox_id: bytes
    seq: int
    collapse_key: str
    counter_key: CounterKey
    counts: Counts


@dataclass(frozen=True, slots=True)
class NotificationRow:
    """One notification of the batch; `variant` numbers the variant that it is."""

    inbox_id: bytes
    seq: int
    stage: Stage
    variant: int
    decisions: bytes


@dataclass(frozen=True, slots=True)
class PartRow:
    """One notification has words of its own on a channel: those of its variant."""

    inbox_id: bytes
    seq: int
    channel: Channel
    variant: int


@dataclass(frozen=True, slots=True)
class RequestRow:
    """What is remembered of an idempotent request."""

    key: RequestKey
    request_hash: bytes
    outcome: str


@dataclass(frozen=True, slots=True)
class RememberedRequest:
    """An earlier request under the same key."""

    request_hash: bytes
    outcome: SendOutcome


@dataclass(frozen=True, slots=True)
class BatchRows:
    """Everything that one batch writes."""

    now: datetime
    states: Mapping[bytes, InboxState]
    counters: Sequence[tuple[CounterKey, Counts]]
    notifications: Sequence[NotificationRow]
    variants: Sequence[SentVariant]
    """In the order that `NotificationRow.variant` counts."""
    parts: Sequence[PartRow]
    deliveries: Sequence[DeliveryRow]
    requests: Sequence[RequestRow]


async def find_collapsed(connection: Connection, keys: Collection[tuple[bytes, str]]) -> list[Collapsed]:
    """What is unread under (inbox, collapse key), oldest first."""
    ordered = list(keys)
    rows = await connection.fetch(_FIND_COLLAPSED, column(ordered, 0), column(ordered, 1))
    return [
        Collapsed(
            row["inbox_id"],
            row["seq"],
            row["collapse_key"],
            (row["inbox_id"], row["type"], row["category"], row["priority"]),
            Counts(archived=1) if row["archived"] else Counts(total=1, unread=1, unseen=int(row["unseen"])),
        )
        for row in rows
    ]


async def write_batch(connection: Connection, batch: BatchRows) -> bool:
    """Writes it. False: a request was answered before under one of the keys, and the transaction must be
    rolled back.
    """
    status = await connection.execute(_WRITE, *_arguments(batch))
    return int(status.rpartition(" ")[2]) == len(batch.requests)


async def write_unlocked(connection: Connection, batch: BatchRows, versions: Mapping[bytes, int]) -> bool:
    """Writes it outside of a transaction, if its inboxes still are at these versions.

    False: nothing was written, because an inbox has moved on or a request was answered before.
    """
    planned_for = [versions[inbox_id] for inbox_id in batch.states]
    try:
        await connection.execute(_WRITE_UNLOCKED, *_arguments(batch), planned_for)
    except (asyncpg.DivisionByZeroError, asyncpg.DeadlockDetectedError):
        return False
    return True


def _arguments(batch: BatchRows) -> tuple[object, ...]:
    # In key order, so that two batches that race for the same keys wait in the same order.
    requests = sorted(batch.requests, key=lambda row: row.key)
    variants, kinds = variant_rows(batch.variants)
    return (
        *_columns([_state_row(inbox_id, state) for inbox_id, state in batch.states.items()], 6),
        *_columns(counter_rows(batch.counters), 8),
        batch.now,
        *_columns([(n.inbox_id, n.seq, n.stage, n.variant, n.decisions) for n in batch.notifications], 5),
        *_columns(variants, 2),
        *_columns(kinds, KIND_COLUMNS),
        *_columns([(p.inbox_id, p.seq, p.channel, p.variant) for p in batch.parts], 4),
        *_columns(_content_rows(batch), 3),
        *_columns([delivery_row(delivery) for delivery in batch.deliveries], DELIVERY_COLUMNS),
        *_columns([(*row.key, row.request_hash, row.outcome) for row in requests], 5),
    )


async def find_requests(
    connection: Connection, keys: Collection[RequestKey]
) -> dict[RequestKey, RememberedRequest]:
    """What was answered before under these keys."""
    rows = await connection.fetch(_FIND_OUTCOMES, *_columns(list(keys), 3))
    return {
        (row["tenant"], row["caller"], row["request_id"]): RememberedRequest(
            row["request_hash"], load_outcome(row["outcome"])
        )
        for row in rows
    }


def _columns(rows: Sequence[Sequence[object]], count: int) -> list[list[object]]:
    return [list(values) for values in zip(*rows, strict=True)] if rows else [[] for _ in range(count)]


def _state_row(inbox_id: bytes, state: InboxState) -> tuple[object, ...]:
    counts = state.counts
    return inbox_id, state.version, counts.total, counts.unread, counts.unseen, counts.archived


def _content_rows(batch: BatchRows) -> list[tuple[object, ...]]:
    """Each wording once, however many have it."""
    used = dict.fromkeys((part.variant, part.channel) for part in batch.parts)
    return [(v, channel, json.dumps(batch.variants[v].parts[channel])) for v, channel in used]
