"""What providers told of messages after they took them.

An event is kept once by its id, whether it changed anything or not. It finds its delivery by the provider's
id of the message, which the attempt was told; or by our own, for an attempt that was told none. One may be
faster than the commit of the attempt that it speaks of: it is kept as pending until the attempt is written.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from carillon_server.domain.delivery import DeliveryState
from carillon_server.domain.ids import DeliveryId
from carillon_server.domain.provider_event import EventKind, ProviderEvent
from carillon_server.domain.receipt import Receipt
from carillon_server.storage.database import Connection, Database, Record
from carillon_server.storage.fallbacks import lock_chains

# The empty id is named because the index leaves it out.
FIND_DELIVERY = """
SELECT a.inbox_id, a.seq, a.ordinal, a.number
FROM attempt a JOIN delivery d ON d.inbox_id = a.inbox_id AND d.seq = a.seq AND d.ordinal = a.ordinal
WHERE a.provider_message_id = $3 AND a.provider_message_id <> '' AND a.provider = $2 AND d.tenant = $1
ORDER BY a.start_time DESC LIMIT 1
"""
FIND_NAMED = """
SELECT a.inbox_id, a.seq, a.ordinal, a.number
FROM attempt a JOIN delivery d ON d.inbox_id = a.inbox_id AND d.seq = a.seq AND d.ordinal = a.ordinal
WHERE a.inbox_id = $3 AND a.seq = $4 AND a.ordinal = $5 AND a.provider = $2 AND d.tenant = $1
    AND coalesce(a.provider_message_id, '') = ''
ORDER BY a.number DESC LIMIT 1
"""
_LOCK_DELIVERY = """
SELECT endpoint_id, state, finish_reason, confirm_time, open_time, click_time, fallback_chain > 0 AS chained,
    attempt_count > $4 AS superseded, attempt_count = $4 AND state = 2 AS running
FROM delivery WHERE inbox_id = $1 AND seq = $2 AND ordinal = $3 FOR UPDATE
"""
_ADD = """
INSERT INTO provider_event (tenant, provider, event_id, provider_message_id, kind, event_time, reason, detail,
    inbox_id, seq, ordinal, pending, applied)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, false)
ON CONFLICT (tenant, provider, event_id) DO NOTHING
"""
_APPLY = """
UPDATE delivery SET finish_time = CASE WHEN state = $4 THEN finish_time ELSE now() END, state = $4,
    finish_reason = $5, confirm_time = $6, open_time = $7, click_time = $8
WHERE inbox_id = $1 AND seq = $2 AND ordinal = $3
"""
_RETIRE = """
UPDATE endpoint SET retire_time = now(), retire_reason = $3
WHERE inbox_id = $1 AND endpoint_id = $2 AND retire_time IS NULL AND register_time <= $4
"""
FIND_PENDING = """
SELECT e.tenant, e.provider, e.event_id FROM provider_event e
WHERE e.pending AND e.receive_time > now() - $1 * interval '1 second' AND (EXISTS (
    SELECT 1 FROM attempt a
    JOIN delivery d ON d.inbox_id = a.inbox_id AND d.seq = a.seq AND d.ordinal = a.ordinal
    WHERE a.provider_message_id = e.provider_message_id AND a.provider_message_id <> ''
        AND a.provider = e.provider AND d.tenant = e.tenant) OR EXISTS (
    SELECT 1 FROM delivery d
    WHERE d.inbox_id = e.inbox_id AND d.seq = e.seq AND d.ordinal = e.ordinal AND d.state <> 2))
ORDER BY e.receive_time LIMIT $2
"""
_LOCK_PENDING = """
SELECT event_id, provider_message_id, kind, event_time, reason, detail, inbox_id, seq, ordinal
FROM provider_event
WHERE tenant = $1 AND provider = $2 AND event_id = $3 AND pending FOR UPDATE SKIP LOCKED
"""
_MATCH = """
UPDATE provider_event SET inbox_id = $4, seq = $5, ordinal = $6, applied = $7, pending = false
WHERE tenant = $1 AND provider = $2 AND event_id = $3
"""
_PRUNE = """
DELETE FROM provider_event WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM provider_event WHERE receive_time < now() - $1 * interval '1 second'
    ORDER BY receive_time LIMIT $2 FOR UPDATE SKIP LOCKED
))
"""


@dataclass(frozen=True, slots=True)
class Taken:
    """A delivery whose message a provider took, locked until the transaction ends."""

    id: DeliveryId
    endpoint_id: bytes
    known: Receipt
    superseded: bool
    """There was an attempt after the one that had this message."""
    running: bool
    """The attempt is under way: nobody knows yet what it came to."""
    chained: bool
    """Others stand by, or stood by, for it."""


@dataclass(frozen=True, slots=True)
class EventKey:
    """Whose event it is, and its id there."""

    tenant: str
    provider: str
    event_id: str


async def lock_delivery_of(
    connection: Connection, tenant: str, provider: str, event: ProviderEvent
) -> Taken | None:
    """The delivery of this tenant whose message this provider took; None where there is none (yet)."""
    found = await connection.fetchrow(FIND_DELIVERY, tenant, provider, event.provider_message_id)
    named = DeliveryId.parse(event.delivery_id)
    if found is None and named is not None:
        found = await connection.fetchrow(FIND_NAMED, tenant, provider, *_key(named))
    if found is None:
        return None
    inbox_id, seq, ordinal, number = found
    # The whole chain first, as everybody does who may move it on.
    await lock_chains(connection, [(inbox_id, seq)])
    row = await connection.fetchrow(_LOCK_DELIVERY, inbox_id, seq, ordinal, number)
    if row is None:
        return None
    return Taken(
        DeliveryId(inbox_id, seq, ordinal),
        row["endpoint_id"],
        Receipt(
            DeliveryState(row["state"]),
            row["finish_reason"],
            row["confirm_time"],
            row["open_time"],
            row["click_time"],
        ),
        superseded=row["superseded"],
        running=row["running"],
        chained=row["chained"],
    )


async def add_event(
    connection: Connection, tenant: str, provider: str, event: ProviderEvent, taken: Taken | None
) -> bool:
    """Keeps it, as pending where its attempt is not written yet. False: it is there already."""
    key = (None, None, None) if taken is None else _key(taken.id)
    status = await connection.execute(
        _ADD,
        tenant,
        provider,
        event.event_id,
        event.provider_message_id,
        event.kind.value,
        event.event_time,
        event.reason,
        event.detail,
        *key,
        taken is None or taken.running,
    )
    return status != "INSERT 0 0"


async def apply(connection: Connection, delivery: DeliveryId, known: Receipt) -> None:
    """Writes what is known now of a delivery that the transaction has locked."""
    await connection.execute(
        _APPLY,
        *_key(delivery),
        known.state,
        known.finish_reason,
        known.confirm_time,
        known.open_time,
        known.click_time,
    )


async def retire_endpoint(connection: Connection, taken: Taken, reason: str, as_of: datetime) -> bool:
    """False where it is retired already, gone, or was put again since."""
    status = await connection.execute(_RETIRE, taken.id.inbox_id, taken.endpoint_id, reason, as_of)
    return status != "UPDATE 0"


async def find_pending(database: Database, within_seconds: float, limit: int) -> list[EventKey]:
    """Events received so lately, whose attempt was not written then, and is now."""
    rows = await database.fetch(FIND_PENDING, within_seconds, limit)
    return [EventKey(*row) for row in rows]


async def lock_pending(connection: Connection, key: EventKey) -> ProviderEvent | None:
    """None where somebody else matched it, or is about to."""
    row = await connection.fetchrow(_LOCK_PENDING, key.tenant, key.provider, key.event_id)
    return _read(row) if row else None


async def match(connection: Connection, key: EventKey, delivery: DeliveryId, *, applied: bool) -> None:
    """Writes which delivery an event of this transaction speaks of, and whether that changed anything."""
    await connection.execute(_MATCH, key.tenant, key.provider, key.event_id, *_key(delivery), applied)


async def prune_events(connection: Connection, retention_seconds: float, limit: int) -> int:
    """Forgets the oldest; returns how many."""
    status = await connection.execute(_PRUNE, retention_seconds, limit)
    return int(status.rpartition(" ")[2])


def _read(row: Record) -> ProviderEvent:
    return ProviderEvent(
        event_id=row["event_id"],
        provider_message_id=row["provider_message_id"],
        kind=EventKind(row["kind"]),
        event_time=row["event_time"],
        delivery_id=""
        if row["inbox_id"] is None
        else str(DeliveryId(row["inbox_id"], row["seq"], row["ordinal"])),
        reason=row["reason"],
        detail=row["detail"],
    )


def _key(delivery: DeliveryId) -> tuple[bytes, int, int]:
    return delivery.inbox_id, delivery.seq, delivery.ordinal
