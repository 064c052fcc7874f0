"""Pages of deliveries, and where the next one begins."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from carillon.v1 import delivery_service_pb2 as pb
from carillon_server.domain.delivery_query import DeliveryPlace
from carillon_server.domain.ids import DeliveryId
from carillon_server.domain.inbox import INBOX_ID_BYTES
from carillon_server.transport.page_token import PageTokenSealer

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TIME_BYTES, _SEQ_BYTES, _ORDINAL_BYTES = 8, 8, 2
_DEFAULT_SIZE, _MAX_SIZE = 20, 100
_MAX_REDRIVE = 1_000


def deliveries_page_size(asked: int) -> int:
    """How many deliveries a page holds at the most."""
    return min(asked or _DEFAULT_SIZE, _MAX_SIZE)


def redrive_size(asked: int) -> int:
    """How many deliveries one call redrives at the most."""
    return min(asked or _MAX_REDRIVE, _MAX_REDRIVE)


class DeliveryPages:
    """Page tokens of a tenant's deliveries under one filter; `purpose`: of which call."""

    def __init__(
        self,
        sealer: PageTokenSealer,
        purpose: str,
        tenant: str,
        filter_: pb.DeliveryFilter,
    ) -> None:
        self._sealer = sealer
        self._query = f"{purpose} {len(tenant)} {tenant}".encode() + filter_.SerializeToString(
            deterministic=True
        )

    def open(self, token: str) -> DeliveryPlace | None:
        """What the page comes after; None for the first. Raises PAGE_TOKEN_INVALID."""
        if not token:
            return None
        raw = self._sealer.open(token, self._query)
        microseconds, rest = int.from_bytes(raw[:_TIME_BYTES], "big", signed=True), raw[_TIME_BYTES:]
        inbox_id, numbers = rest[:INBOX_ID_BYTES], rest[INBOX_ID_BYTES:]
        seq = int.from_bytes(numbers[:_SEQ_BYTES], "big")
        ordinal = int.from_bytes(numbers[_SEQ_BYTES:], "big")
        return DeliveryPlace(
            _EPOCH + timedelta(microseconds=microseconds), DeliveryId(inbox_id, seq, ordinal)
        )

    def seal(self, place: DeliveryPlace | None) -> str:
        """The token of what comes after; empty for None."""
        if place is None:
            return ""
        microseconds = (place.create_time - _EPOCH) // timedelta(microseconds=1)
        position = (
            microseconds.to_bytes(_TIME_BYTES, "big", signed=True)
            + place.id.inbox_id
            + place.id.seq.to_bytes(_SEQ_BYTES, "big")
            + place.id.ordinal.to_bytes(_ORDINAL_BYTES, "big")
        )
        return self._sealer.seal(self._query, position)
