"""What time brings: scheduled notifications that are due, expired ones, and records past their retention.

Finding takes no locks on rows; who finds something then locks its inbox, as every writer does, and looks
again. Each kind of work is done by one worker at a time, the others have nothing to add: an advisory lock of
the transaction says who.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

from carillon_server.domain.channel import Channel
from carillon_server.domain.decide import Subject
from carillon_server.domain.delivery_settings import Fallback
from carillon_server.domain.fallback import channels_of, load_chains
from carillon_server.domain.notification import Stage, StoredNotification
from carillon_server.domain.type_policy import load_policy
from carillon_server.storage.database import Connection, Record, column
from carillon_server.storage.delivery_rows import (
    DELIVERY_COLUMNS,
    DeliveryRow,
    begin_time,
    delivery_row,
    due_time,
)
from carillon_server.storage.notification_rows import COLUMNS, read_notification

FIND_SCHEDULED = """
SELECT inbox_id, seq FROM notification WHERE stage = 0 AND deliver_time <= now()
    AND (expire_time IS NULL OR expire_time > now())
ORDER BY deliver_time LIMIT $1
"""
_READ_SCHEDULED = f"""
SELECT {COLUMNS}, n.actor_id, n.channels, n.collapse_key, n.fallbacks, n.policy, i.recipient_id, i.tenant
FROM unnest($1::bytea[], $2::bigint[]) AS k (inbox_id, seq)
JOIN notification n ON n.inbox_id = k.inbox_id AND n.seq = k.seq
JOIN inbox i ON i.inbox_id = n.inbox_id
WHERE n.stage = 0 AND n.deliver_time <= now()
ORDER BY n.deliver_time, n.inbox_id, n.seq
"""
_RELEASE = """
UPDATE notification n SET stage = r.stage, change_version = r.version, decisions = r.decisions,
    position = CASE r.stage WHEN 1 THEN r.version ELSE 0 END
FROM unnest($1::bytea[], $2::bigint[], $3::smallint[], $4::bigint[], $5::bytea[])
    AS r (inbox_id, seq, stage, version, decisions)
WHERE n.inbox_id = r.inbox_id AND n.seq = r.seq
"""
_QUEUE = f"""
INSERT INTO delivery (inbox_id, seq, ordinal, endpoint_id, state, next_attempt_time, begin_time, create_time,
    tenant, lane, fallback_chain, fallback_rank)
SELECT o.inbox_id, o.seq, o.ordinal, o.endpoint_id, 1, {due_time("now()")}, {begin_time("now()")}, now(),
    o.tenant, o.lane, o.chain, o.rank
FROM unnest($1::bytea[], $2::bigint[], $3::smallint[], $4::bytea[], $5::text[], $6::text[], $7::smallint[],
    $8::smallint[], $9::smallint[], $10::float8[])
    AS o (inbox_id, seq, ordinal, endpoint_id, request_trace, tenant, lane, chain, rank, wait_seconds)
"""

FIND_EXPIRED = """
SELECT inbox_id, seq FROM notification
WHERE expire_time IS NOT NULL AND stage < 3 AND expire_time <= now()
ORDER BY expire_time LIMIT $1
"""
_READ_EXPIRED = f"""
SELECT {COLUMNS}, i.recipient_id
FROM unnest($1::bytea[], $2::bigint[]) AS k (inbox_id, seq)
JOIN notification n ON n.inbox_id = k.inbox_id AND n.seq = k.seq
JOIN inbox i ON i.inbox_id = n.inbox_id
WHERE n.stage < 3 AND n.expire_time <= now()
ORDER BY n.inbox_id, n.position, n.seq
"""

FIND_TOMBSTONES = """
SELECT inbox_id, seq FROM notification
WHERE stage = 3 AND remove_time < now() - $2 * interval '1 second'
ORDER BY remove_time LIMIT $1
"""
_LOCK_INBOXES = "SELECT 1 FROM inbox WHERE inbox_id = ANY ($1::bytea[]) ORDER BY inbox_id FOR UPDATE"
# A reader that stands before a pruned change cannot be told of it any more: the floor says so. What was
# never visible has nothing to tell.
_PRUNE_TOMBSTONES = """
WITH keys AS (
    SELECT * FROM unnest($1::bytea[], $2::bigint[]) AS k (inbox_id, seq)
), pruned AS (
    DELETE FROM notification n USING keys k
    WHERE n.inbox_id = k.inbox_id AND n.seq = k.seq AND n.stage = 3
    RETURNING n.inbox_id, n.change_version, n.position
), deliveries AS (
    DELETE FROM delivery d USING keys k WHERE d.inbox_id = k.inbox_id AND d.seq = k.seq
), attempts AS (
    DELETE FROM attempt a USING keys k WHERE a.inbox_id = k.inbox_id AND a.seq = k.seq
), parts AS (
    DELETE FROM notification_part p USING keys k WHERE p.inbox_id = k.inbox_id AND p.seq = k.seq
), events AS (
    DELETE FROM provider_event e USING keys k WHERE e.inbox_id = k.inbox_id AND e.seq = k.seq
)
UPDATE inbox i SET floor_version = greatest(i.floor_version, p.version)
FROM (SELECT inbox_id, max(change_version) AS version FROM pruned WHERE position > 0 GROUP BY inbox_id) p
WHERE i.inbox_id = p.inbox_id
"""
_PRUNE_REQUESTS = """
DELETE FROM idempotency WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM idempotency WHERE create_time < now() - $2 * interval '1 second'
    ORDER BY create_time LIMIT $1 FOR UPDATE SKIP LOCKED
))
"""

NotificationKey = tuple[bytes, int]
"""inbox_id, seq."""


class Turn(IntEnum):
    """Work that one worker does at a time; the values are keys of advisory locks."""

    RELEASE = 0x6361_7201
    EXPIRE = 0x6361_7202
    PRUNE = 0x6361_7203
    RETAIN = 0x6361_7204


@dataclass(frozen=True, slots=True)
class Scheduled:
    """A scheduled notification whose time has come."""

    stored: StoredNotification
    tenant: str
    subject: Subject
    collapse_key: str
    chains: tuple[Fallback, ...]
    """Of fallbacks, as they were when it was sent."""


@dataclass(frozen=True, slots=True)
class ReleaseRow:
    """A notification that leaves its schedule under a new version."""

    inbox_id: bytes
    seq: int
    stage: Stage
    version: int
    decisions: bytes


async def take_turn(connection: Connection, turn: Turn) -> bool:
    """False: another transaction is at it."""
    return bool(await connection.fetchval("SELECT pg_try_advisory_xact_lock($1)", int(turn)))


async def find_scheduled(connection: Connection, limit: int) -> list[NotificationKey]:
    """What is due for release, the longest due first."""
    return [tuple(row) for row in await connection.fetch(FIND_SCHEDULED, limit)]


async def read_scheduled(connection: Connection, keys: Sequence[NotificationKey]) -> list[Scheduled]:
    """Of these, what is still due, in the order of its time; the inboxes are locked."""
    rows = await connection.fetch(_READ_SCHEDULED, column(keys, 0), column(keys, 1))
    return [_read_scheduled(row) for row in rows]


async def write_releases(
    connection: Connection, releases: Sequence[ReleaseRow], queued: Sequence[DeliveryRow]
) -> None:
    """Moves notifications of locked inboxes out of their schedule, and queues their deliveries."""
    rows = [(r.inbox_id, r.seq, r.stage, r.version, r.decisions) for r in releases]
    await connection.execute(_RELEASE, *(column(rows, index) for index in range(5)))
    if queued:
        targets = [delivery_row(delivery) for delivery in queued]
        await connection.execute(_QUEUE, *(column(targets, index) for index in range(DELIVERY_COLUMNS)))


async def find_expired(connection: Connection, limit: int) -> list[NotificationKey]:
    """What has expired, the longest expired first."""
    return [tuple(row) for row in await connection.fetch(FIND_EXPIRED, limit)]


async def read_expired(connection: Connection, keys: Sequence[NotificationKey]) -> list[StoredNotification]:
    """Of these, what is still there, in the order of each list; the inboxes are locked."""
    rows = await connection.fetch(_READ_EXPIRED, column(keys, 0), column(keys, 1))
    return [read_notification(row, row["recipient_id"]) for row in rows]


async def prune_tombstones(connection: Connection, age_seconds: float, limit: int) -> int:
    """Forgets notifications removed longer ago, with their deliveries; returns how many were found."""
    keys = [tuple(row) for row in await connection.fetch(FIND_TOMBSTONES, limit, age_seconds)]
    if keys:
        await connection.execute(_LOCK_INBOXES, sorted({inbox_id for inbox_id, _ in keys}))
        await connection.execute(_PRUNE_TOMBSTONES, column(keys, 0), column(keys, 1))
    return len(keys)


async def prune_requests(connection: Connection, age_seconds: float, limit: int) -> int:
    """Forgets idempotent requests answered longer ago; returns how many."""
    status = await connection.execute(_PRUNE_REQUESTS, limit, age_seconds)
    return int(status.rpartition(" ")[2])


def _read_scheduled(row: Record) -> Scheduled:
    stored = read_notification(row, row["recipient_id"])
    chains = load_chains(row["fallbacks"])
    subject = Subject(
        type=stored.type,
        actor_id=row["actor_id"],
        thread_key=stored.thread_key,
        labels=stored.labels,
        channels=tuple(Channel(channel) for channel in row["channels"]),
        deliver_time=None,
        fallback_channels=channels_of(chains),
        policy=load_policy(row["policy"]),
    )
    return Scheduled(stored, row["tenant"], subject, row["collapse_key"], chains)
