"""Rows of `delivery` to what operators are told, and the conditions of their filters."""

from __future__ import annotations

from datetime import MAXYEAR, datetime

from carillon_server.domain.channel import Channel
from carillon_server.domain.delivery import DeliveryState
from carillon_server.domain.delivery_query import DeliveryFilter, DeliveryPlace, DeliveryView
from carillon_server.domain.ids import DeliveryId
from carillon_server.domain.inbox import derive_inbox_id
from carillon_server.storage.conditions import Conditions
from carillon_server.storage.database import Record

_FAILED = frozenset({DeliveryState.EXHAUSTED, DeliveryState.REJECTED, DeliveryState.UNKNOWN})

# LIMIT 1 keeps each lookup a lookup: whatever the statistics say, no table is ever read as a whole.
NOTIFICATION = """
LEFT JOIN LATERAL (
    SELECT n.type, n.stage, n.expire_time FROM notification n
    WHERE n.inbox_id = d.inbox_id AND n.seq = d.seq LIMIT 1) n ON true
"""
VIEW = """
SELECT d.inbox_id, d.seq, d.ordinal, d.endpoint_id, d.state, d.finish_reason, d.provider, d.attempt_count,
    d.create_time, d.next_attempt_time, d.finish_time, d.confirm_time, d.open_time, d.click_time,
    d.begin_time, d.request_trace, n.type, e.address, i.recipient_id
"""
SOURCES = f"""
FROM delivery d
{NOTIFICATION}
LEFT JOIN LATERAL (
    SELECT e.address FROM endpoint e
    WHERE e.inbox_id = d.inbox_id AND e.endpoint_id = d.endpoint_id LIMIT 1) e ON true
JOIN LATERAL (SELECT i.tenant, i.recipient_id FROM inbox i WHERE i.inbox_id = d.inbox_id LIMIT 1) i ON true
"""
STILL_WANTED = "n.stage IN (1, 2) AND (n.expire_time IS NULL OR n.expire_time > now())"
"""Of the notification: it is there and has not expired."""
KEY = "d.create_time, d.inbox_id, d.seq, d.ordinal"
"""The order of lists."""


def filter_deliveries(conditions: Conditions, tenant: str, filter: DeliveryFilter) -> None:  # noqa: A002 - the name of the field
    """What a filter asks of a delivery `d` and its notification `n`."""
    if filter.recipient_id:
        # Nobody but this tenant can have this inbox.
        conditions.add("d.inbox_id = {}", derive_inbox_id(tenant, filter.recipient_id))
    else:
        conditions.add("d.tenant = {}", tenant)
    if filter.states:
        conditions.add("d.state = ANY ({}::smallint[])", list(filter.states))
        if _FAILED.issuperset(filter.states):
            # Said as the index of failed deliveries says it: a plan made without the argument uses it too.
            conditions.add("d.state IN (5, 6, 8)")
    if filter.channels:
        conditions.add("get_byte(d.endpoint_id, 0) = ANY ({}::integer[])", list(filter.channels))
    if filter.providers:
        conditions.add("d.provider = ANY ({}::text[])", list(filter.providers))
    if filter.finish_reasons:
        conditions.add("d.finish_reason = ANY ({}::text[])", list(filter.finish_reasons))
    if filter.types:
        conditions.add("n.type = ANY ({}::text[])", list(filter.types))
    _filter_time(conditions, filter.start_time, filter.end_time)


def _filter_time(conditions: Conditions, start: datetime | None, end: datetime | None) -> None:
    if start is not None:
        conditions.add("d.create_time >= {}", start)
    if end is not None:
        conditions.add("d.create_time < {}", end)


def before(conditions: Conditions, place: DeliveryPlace | None) -> None:
    """For lists that begin with the newest."""
    if place is not None:
        conditions.add(f"({KEY}) < ({{}}, {{}}, {{}}, {{}})", *_arguments(place))


def after(conditions: Conditions, place: DeliveryPlace | None) -> None:
    """For lists that begin with the oldest."""
    if place is not None:
        conditions.add(f"({KEY}) > ({{}}, {{}}, {{}}, {{}})", *_arguments(place))


def read_delivery(row: Record) -> DeliveryView:
    """A row selected with `VIEW`."""
    return DeliveryView(
        id=DeliveryId(row["inbox_id"], row["seq"], row["ordinal"]),
        recipient_id=row["recipient_id"],
        type=row["type"] or "",
        channel=Channel(row["endpoint_id"][0]),
        address=row["address"] or "",
        state=DeliveryState(row["state"]),
        finish_reason=row["finish_reason"] or "",
        provider=row["provider"],
        attempt_count=row["attempt_count"],
        create_time=row["create_time"],
        next_attempt_time=_finite(row["next_attempt_time"]),
        finish_time=row["finish_time"],
        confirm_time=row["confirm_time"],
        open_time=row["open_time"],
        click_time=row["click_time"],
        begin_time=_finite(row["begin_time"]),
        request_trace=row["request_trace"],
    )


def _finite(instant: datetime | None) -> datetime | None:
    """What waits for others to fail waits for infinity."""
    return None if instant is None or instant.year == MAXYEAR else instant


def _arguments(place: DeliveryPlace) -> tuple[datetime, bytes, int, int]:
    return place.create_time, place.id.inbox_id, place.id.seq, place.id.ordinal
