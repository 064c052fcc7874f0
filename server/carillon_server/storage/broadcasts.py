"""Broadcasts as those who send them see them: begun, looked at, called off."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from carillon_server.domain.broadcast import Broadcast, BroadcastPlace, BroadcastState
from carillon_server.domain.ids import BroadcastId
from carillon_server.storage.database import Connection, Database, Record
from carillon_server.storage.sends import RequestRow

_COUNT_MEMBERS = "SELECT member_count FROM topic WHERE tenant = $1 AND name = $2"
_COUNT_EVERYONE = "SELECT count(*) FROM recipient WHERE tenant = $1"

_REMEMBER = """
INSERT INTO idempotency (tenant, caller, request_id, request_hash, outcome, create_time)
VALUES ($1, $2, $3, $4, $5, now())
ON CONFLICT DO NOTHING
"""

_BEGIN = """
INSERT INTO broadcast (broadcast_id, tenant, sender, topic, type, request, request_trace, state,
    audience_count, due_time)
VALUES ($1, $2, $3, $4, $5, $6, $7, 1, $8, greatest($9, now()))
"""

_COLUMNS = """broadcast_id, topic, type, state, audience_count, processed_count, notified_count, failed_count,
    failure, sender, create_time, start_time, finish_time"""

_GET = f"""
SELECT {_COLUMNS} FROM broadcast
WHERE broadcast_id = $1 AND tenant = $2 AND ($3::text IS NULL OR sender = $3)
"""

_LIST = f"""
SELECT {_COLUMNS} FROM broadcast
WHERE tenant = $1 AND ($2::text IS NULL OR sender = $2)
    AND ($3::timestamptz IS NULL OR (create_time, broadcast_id) < ($3, $4::bytea))
ORDER BY create_time DESC, broadcast_id DESC LIMIT $5
"""

# Waits for the chunk that is being written, if one is: after it, nobody more.
_CANCEL = """
UPDATE broadcast SET state = 4, finish_time = now(), due_time = now(), position = '', request = ''
WHERE broadcast_id = $1 AND tenant = $2 AND ($3::text IS NULL OR sender = $3) AND state <= 2
"""


@dataclass(frozen=True, slots=True)
class NewBroadcast:
    """What is written when one begins."""

    id: BroadcastId
    tenant: str
    sender: str
    topic: str
    """Empty: everyone."""
    type: str
    draft: bytes
    """`domain.draft_record`."""
    request_trace: str
    audience_count: int
    due_time: datetime | None
    """None: now."""


async def count_audience(connection: Connection, tenant: str, topic: str) -> int | None:
    """How many it would go to; None where there is no such topic."""
    if topic:
        count = await connection.fetchval(_COUNT_MEMBERS, tenant, topic)
    else:
        count = await connection.fetchval(_COUNT_EVERYONE, tenant)
    return None if count is None else int(count)


async def remember_request(connection: Connection, row: RequestRow) -> bool:
    """False: a request was answered before under the key."""
    status = await connection.execute(_REMEMBER, *row.key, row.request_hash, row.outcome)
    return bool(status != "INSERT 0 0")


async def begin_broadcast(connection: Connection, new: NewBroadcast) -> None:
    """It waits for a worker from now on, or from its time on."""
    await connection.execute(
        _BEGIN,
        new.id.raw,
        new.tenant,
        new.sender,
        new.topic,
        new.type,
        new.draft,
        new.request_trace,
        new.audience_count,
        new.due_time,
    )


async def fetch_broadcast(
    connection: Connection, tenant: str, id_: BroadcastId, sender: str | None
) -> Broadcast | None:
    """One of the tenant, and of `sender` where that is not None."""
    row = await connection.fetchrow(_GET, id_.raw, tenant, sender)
    return _read_broadcast(row) if row else None


async def fetch_broadcasts(
    database: Database,
    tenant: str,
    sender: str | None,
    after: BroadcastPlace | None,
    limit: int,
    *,
    timeout: float | None,
) -> list[Broadcast]:
    """Newest first."""
    place = (after.create_time, after.id.raw) if after else (None, None)
    rows = await database.fetch(_LIST, tenant, sender, *place, limit, timeout=timeout)
    return [_read_broadcast(row) for row in rows]


async def cancel_broadcast(connection: Connection, tenant: str, id_: BroadcastId, sender: str | None) -> None:
    """Once committed, nobody more is notified. One that has ended stays as it is."""
    await connection.execute(_CANCEL, id_.raw, tenant, sender)


def _read_broadcast(row: Record) -> Broadcast:
    return Broadcast(
        BroadcastId(row["broadcast_id"]),
        row["topic"],
        row["type"],
        BroadcastState(row["state"]),
        row["audience_count"],
        row["processed_count"],
        row["notified_count"],
        row["failed_count"],
        row["failure"],
        row["sender"],
        row["create_time"],
        row["start_time"],
        row["finish_time"],
    )
