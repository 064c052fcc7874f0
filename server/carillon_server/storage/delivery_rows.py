"""New deliveries, as a Send and the release of a scheduled notification write them."""

from __future__ import annotations

from carillon_server.domain.fallback import Place
from carillon_server.domain.lane import Lane
from carillon_server.domain.value import dataclass

DELIVERY_COLUMNS = 10


@dataclass(frozen=True, slots=True)
class DeliveryRow:
    """One delivery to write."""

    inbox_id: bytes
    seq: int
    ordinal: int
    endpoint_id: bytes
    place: Place
    """In a chain of fallbacks."""
    tenant: str
    lane: Lane
    request_trace: str = ""


def delivery_row(delivery: DeliveryRow) -> tuple[object, ...]:
    """Its values, for `unnest`."""
    place = delivery.place
    return (
        delivery.inbox_id,
        delivery.seq,
        delivery.ordinal,
        delivery.endpoint_id,
        delivery.request_trace,
        delivery.tenant,
        delivery.lane,
        place.chain,
        place.rank,
        place.wait_seconds,
    )


def due_time(now: str) -> str:
    """When a new delivery `o` is due, as SQL: a reserve when its chain's patience ends, if ever."""
    wait = f"{now} + o.wait_seconds * interval '1 second'"
    return f"CASE o.rank WHEN 0 THEN {now} ELSE coalesce({wait}, 'infinity') END"


def begin_time(now: str) -> str:
    """What tells a reserve from what merely waits, as SQL; see `storage.fallbacks`."""
    return f"CASE WHEN o.rank > 0 THEN {due_time(now)} END"
