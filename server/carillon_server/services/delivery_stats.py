"""How many were sent, and what became of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from carillon_server.domain.delivery_stats import MAX_ROWS, Stats, StatsKey, StatsQuery
from carillon_server.domain.errors import FieldsInvalid
from carillon_server.storage.database import Database
from carillon_server.storage.delivery_stats import fetch_stats

_NO_TIME = datetime.min.replace(tzinfo=UTC)


class DeliveryStatsService:
    """Counts on demand."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(
        self, tenant: str, query: StatsQuery, *, timeout: float | None
    ) -> Sequence[tuple[StatsKey, Stats]]:
        """By time, type, channel and provider. Raises FIELD_INVALID where there are too many groups."""
        found = await fetch_stats(self._database, tenant, query, timeout=timeout)
        if len(found) > MAX_ROWS:
            raise FieldsInvalid.of("group_by", f"gives more than {MAX_ROWS:,} rows in this range and bucket")
        return sorted(found.items(), key=lambda item: _order(item[0]))


def _order(key: StatsKey) -> tuple[object, ...]:
    return key.start_time or _NO_TIME, key.type, key.channel, key.provider
