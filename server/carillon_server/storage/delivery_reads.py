"""Deliveries, their attempts and events, as operators look at them."""

from __future__ import annotations

from collections.abc import Sequence

from carillon_server.domain.delivery_query import (
    AttemptView,
    DeliveryFilter,
    DeliveryPlace,
    DeliveryStory,
    DeliveryView,
    EventView,
)
from carillon_server.domain.ids import DeliveryId, NotificationId
from carillon_server.storage.conditions import Conditions
from carillon_server.storage.database import Database, Record
from carillon_server.storage.delivery_views import (
    KEY,
    SOURCES,
    VIEW,
    before,
    filter_deliveries,
    read_delivery,
)

MAX_ATTEMPTS = MAX_EVENTS = 200
MAX_DELIVERIES = 100

_OF_NOTIFICATION = f"""
{VIEW} {SOURCES} WHERE d.inbox_id = $1 AND d.seq = $2 AND i.tenant = $3 ORDER BY d.ordinal LIMIT $4
"""
_ONE = f"{VIEW} {SOURCES} WHERE d.inbox_id = $1 AND d.seq = $2 AND d.ordinal = $3 AND i.tenant = $4"

_ATTEMPTS = """
SELECT a.* FROM unnest($1::bytea[], $2::bigint[], $3::smallint[]) AS k (inbox_id, seq, ordinal)
CROSS JOIN LATERAL (
    SELECT * FROM attempt a WHERE a.inbox_id = k.inbox_id AND a.seq = k.seq AND a.ordinal = k.ordinal
    ORDER BY a.number DESC LIMIT $4) a
ORDER BY a.number
"""
_EVENTS = """
SELECT e.* FROM unnest($1::bytea[], $2::bigint[], $3::smallint[]) AS k (inbox_id, seq, ordinal)
CROSS JOIN LATERAL (
    SELECT * FROM provider_event e WHERE e.inbox_id = k.inbox_id AND e.seq = k.seq AND e.ordinal = k.ordinal
    ORDER BY e.event_time DESC LIMIT $4) e
ORDER BY e.event_time, e.receive_time
"""


def compose_page(
    tenant: str,
    filter: DeliveryFilter,  # noqa: A002 - the name of the field
    place: DeliveryPlace | None,
    limit: int,
) -> tuple[str, list[object]]:
    """The statement of a page that comes after `place`, the newest first, and its arguments."""
    conditions = Conditions(limit)
    filter_deliveries(conditions, tenant, filter)
    before(conditions, place)
    order = ", ".join(f"{part} DESC" for part in KEY.split(", "))
    return f"{VIEW} {SOURCES} WHERE true{conditions.sql} ORDER BY {order} LIMIT $1", conditions.arguments


async def fetch_page(
    database: Database,
    tenant: str,
    filter: DeliveryFilter,  # noqa: A002 - the name of the field
    place: DeliveryPlace | None,
    limit: int,
    *,
    timeout: float | None,
) -> list[DeliveryView]:
    """The newest first."""
    sql, arguments = compose_page(tenant, filter, place, limit)
    return [read_delivery(row) for row in await database.fetch(sql, *arguments, timeout=timeout)]


async def fetch_delivery(
    database: Database, tenant: str, delivery_id: DeliveryId, *, timeout: float | None
) -> DeliveryView | None:
    """None where the tenant has none."""
    row = await database.fetchrow(_ONE, *_key(delivery_id), tenant, timeout=timeout)
    return read_delivery(row) if row else None


async def fetch_deliveries_of(
    database: Database, tenant: str, notification_id: NotificationId, *, timeout: float | None
) -> list[DeliveryView]:
    """Of one notification, the first `MAX_DELIVERIES`."""
    rows = await database.fetch(
        _OF_NOTIFICATION,
        notification_id.inbox_id,
        notification_id.seq,
        tenant,
        MAX_DELIVERIES,
        timeout=timeout,
    )
    return [read_delivery(row) for row in rows]


async def fetch_stories(
    database: Database, deliveries: Sequence[DeliveryView], *, timeout: float | None
) -> list[DeliveryStory]:
    """With their attempts and events, in the same order."""
    keys = [_key(delivery.id) for delivery in deliveries]
    columns = [[key[index] for key in keys] for index in range(3)]
    attempts = await database.fetch(_ATTEMPTS, *columns, MAX_ATTEMPTS, timeout=timeout)
    events = await database.fetch(_EVENTS, *columns, MAX_EVENTS, timeout=timeout)
    return [
        DeliveryStory(
            delivery,
            tuple(read_attempt(row) for row in attempts if _key_of(row) == key),
            tuple(read_event(row) for row in events if _key_of(row) == key),
        )
        for delivery, key in zip(deliveries, keys, strict=True)
    ]


def _key(delivery_id: DeliveryId) -> tuple[bytes, int, int]:
    return delivery_id.inbox_id, delivery_id.seq, delivery_id.ordinal


def _key_of(row: Record) -> tuple[bytes, int, int]:
    return row["inbox_id"], row["seq"], row["ordinal"]


def read_attempt(row: Record) -> AttemptView:
    """A row of `attempt`."""
    return AttemptView(
        number=row["number"],
        provider=row["provider"],
        start_time=row["start_time"],
        end_time=row["end_time"],
        outcome=row["outcome"] or "",
        provider_message_id=row["provider_message_id"] or "",
        error_class=row["error_class"] or "",
        error_detail=row["error_detail"] or "",
        next_attempt_time=row["next_attempt_time"],
    )


def read_event(row: Record) -> EventView:
    """A row of `provider_event`."""
    return EventView(
        provider=row["provider"],
        kind=row["kind"],
        event_time=row["event_time"],
        receive_time=row["receive_time"],
        applied=row["applied"],
        detail=row["detail"],
    )
