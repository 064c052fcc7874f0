"""Deliveries that are tried again, or not any more, because an operator says so.

Trying again lets attempts and their numbers stand: `uncounted_attempts` takes those off that were made
before, and `begin_time` gives it as much time as a new one has.
"""

from __future__ import annotations

from carillon_server.domain.delivery import DeliveryState
from carillon_server.domain.delivery_query import RETRYABLE_STATES, DeliveryFilter, DeliveryPlace
from carillon_server.domain.ids import DeliveryId
from carillon_server.domain.lane import Lane
from carillon_server.storage.conditions import Conditions
from carillon_server.storage.database import Connection, Database, Record
from carillon_server.storage.delivery_views import (
    KEY,
    NOTIFICATION,
    STILL_WANTED,
    after,
    filter_deliveries,
)

_AGAIN = """
UPDATE delivery d SET state = 1, fence = d.fence + 1, uncounted_attempts = d.attempt_count, tried = '{}',
    begin_time = now(), next_attempt_time = now(), lease_expire_time = NULL, finish_time = NULL,
    finish_reason = NULL
"""
_RETRY = f"{_AGAIN} WHERE d.inbox_id = $1 AND d.seq = $2 AND d.ordinal = $3 RETURNING d.lane"

_LOCK = f"""
SELECT d.state, n.stage IS NULL OR n.stage = 3 AS removed,
    n.expire_time IS NOT NULL AND n.expire_time <= now() AS expired
FROM delivery d
JOIN inbox i ON i.inbox_id = d.inbox_id AND i.tenant = $4
{NOTIFICATION}
WHERE d.inbox_id = $1 AND d.seq = $2 AND d.ordinal = $3 FOR UPDATE OF d
"""

_CANCEL = """
UPDATE delivery d SET state = 7, fence = d.fence + 1, finish_time = now(), finish_reason = 'cancelled',
    lease_expire_time = NULL
FROM inbox i
WHERE d.inbox_id = $1 AND d.seq = $2 AND d.ordinal = $3 AND i.inbox_id = d.inbox_id AND i.tenant = $4
    AND d.state <= 3
"""


async def lock_for_retry(
    connection: Connection, tenant: str, delivery_id: DeliveryId
) -> tuple[DeliveryState, str] | None:
    """Its state, and why it cannot be tried again (empty: it can). None where the tenant has none."""
    row = await connection.fetchrow(_LOCK, *_key(delivery_id), tenant)
    if row is None:
        return None
    return DeliveryState(row["state"]), _obstacle(row)


async def retry(connection: Connection, delivery_id: DeliveryId) -> Lane:
    """Makes it due; the transaction has locked it. Returns where it waits."""
    return Lane(await connection.fetchval(_RETRY, *_key(delivery_id)))


async def cancel(connection: Connection, tenant: str, delivery_id: DeliveryId) -> bool:
    """Ends it, and takes the fence from an attempt under way. False where it does not wait."""
    return await connection.execute(_CANCEL, *_key(delivery_id), tenant) != "UPDATE 0"


def compose_redrive(
    tenant: str,
    filter: DeliveryFilter,  # noqa: A002 - the name of the field
    place: DeliveryPlace | None,
    limit: int,
) -> tuple[str, list[object]]:
    """The statement that redrives the oldest after `place`, and its arguments."""
    source, arguments = _compose_source(tenant, filter, place, limit)
    # By the place of the row on disk: the one lookup that the planner cannot turn into a scan of the table.
    sql = f"""
        {_AGAIN} WHERE d.ctid = ANY (ARRAY(SELECT d.ctid {source} ORDER BY {KEY} LIMIT $1 FOR UPDATE OF d))
        RETURNING d.create_time, d.inbox_id, d.seq, d.ordinal, d.lane
    """
    return sql, arguments


def compose_count(
    tenant: str,
    filter: DeliveryFilter,  # noqa: A002 - the name of the field
    place: DeliveryPlace | None,
    limit: int,
) -> tuple[str, list[object]]:
    """The statement that counts those after `place`, up to `limit`, and its arguments."""
    source, arguments = _compose_source(tenant, filter, place, limit)
    return f"SELECT count(*) FROM (SELECT 1 {source} ORDER BY {KEY} LIMIT $1) AS found", arguments


async def redrive(
    connection: Connection,
    tenant: str,
    filter: DeliveryFilter,  # noqa: A002 - the name of the field
    place: DeliveryPlace | None,
    limit: int,
) -> list[tuple[DeliveryPlace, Lane]]:
    """Makes the oldest after `place` due, at most `limit`; which those were, and where they wait."""
    sql, arguments = compose_redrive(tenant, filter, place, limit)
    return [(_read_place(row), Lane(row["lane"])) for row in await connection.fetch(sql, *arguments)]


async def count(
    database: Database,
    tenant: str,
    filter: DeliveryFilter,  # noqa: A002 - the name of the field
    place: DeliveryPlace | None,
    limit: int,
    *,
    timeout: float | None,
) -> int:
    """How many there are to redrive after `place`, counted up to `limit`."""
    sql, arguments = compose_count(tenant, filter, place, limit)
    row = await database.fetchrow(sql, *arguments, timeout=timeout)
    return int(row[0]) if row else 0


def _compose_source(
    tenant: str,
    filter: DeliveryFilter,  # noqa: A002 - the name of the field
    place: DeliveryPlace | None,
    limit: int,
) -> tuple[str, list[object]]:
    conditions = Conditions(limit)
    filter_deliveries(conditions, tenant, filter)
    after(conditions, place)
    return f"FROM delivery d {NOTIFICATION} WHERE {STILL_WANTED}{conditions.sql}", conditions.arguments


def _read_place(row: Record) -> DeliveryPlace:
    return DeliveryPlace(row["create_time"], DeliveryId(row["inbox_id"], row["seq"], row["ordinal"]))


def _obstacle(row: Record) -> str:
    state = DeliveryState(row["state"])
    if state not in RETRYABLE_STATES:
        return "delivered" if state is DeliveryState.DELIVERED else "pending"
    if row["removed"]:
        return "removed"
    return "expired" if row["expired"] else ""


def _key(delivery_id: DeliveryId) -> tuple[bytes, int, int]:
    return delivery_id.inbox_id, delivery_id.seq, delivery_id.ordinal
