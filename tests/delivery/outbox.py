"""Deliveries that a provider took, as a worker leaves them behind."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from carillon_server.domain.channel import Channel
from carillon_server.domain.delivery import DeliveryState
from carillon_server.domain.ids import DeliveryId
from carillon_server.services.secret_box import SecretBox, provider_purpose
from carillon_server.storage.database import Database, Record
from carillon_server.storage.providers import ProviderRow, put_provider

INBOX = bytes(15) + b"\x01"
_ENDPOINT = """
INSERT INTO endpoint (inbox_id, endpoint_id, address, register_time) VALUES ($1, $2, '+4915112345678', $3)
ON CONFLICT DO NOTHING
"""
_DELIVERY = """
INSERT INTO delivery (inbox_id, seq, ordinal, endpoint_id, state, attempt_count, next_attempt_time,
    create_time, finish_time, finish_reason, tenant, provider)
VALUES ($1, $2, $3, $4, $5, 1, now(), now(), now(), $6, $7, $8)
"""
_ATTEMPT = """
INSERT INTO attempt (inbox_id, seq, ordinal, number, provider, start_time, end_time, outcome,
    provider_message_id)
VALUES ($1, $2, $3, $4, $5, now(), now(), 'delivered', $6)
"""
_CHAIN = """
WITH chained AS (
    UPDATE delivery SET fallback_chain = 1 WHERE inbox_id = $1 AND seq = $2
)
INSERT INTO delivery (inbox_id, seq, ordinal, endpoint_id, state, next_attempt_time, create_time, tenant,
    begin_time, fallback_chain, fallback_rank, lane)
VALUES ($1, $2, 1, $3, 1, 'infinity', now(), $4, 'infinity', 1, 1, 0)
"""
_FIND = """
SELECT * FROM delivery WHERE inbox_id = $1 AND seq = $2 AND ordinal = $3
"""


@dataclass
class Outbox:
    """Writes rows, and reads what became of them."""

    database: Database
    box: SecretBox
    count: int = 0

    async def provider(
        self,
        name: str,
        kind: str,
        channel: Channel,
        settings: dict[str, Any],
        secrets: dict[str, Any],
        tenant: str,
    ) -> None:
        sealed = self.box.seal(tenant, provider_purpose(name), json.dumps(secrets).encode())
        row = ProviderRow(tenant, name, kind, channel, True, 100, 1, None, 1, 10, settings, sealed)
        await self.database.transaction(lambda connection: put_provider(connection, row))

    async def taken(
        self,
        message_id: str,
        *,
        provider: str = "twilio",
        tenant: str = "acme",
        state: DeliveryState = DeliveryState.DELIVERED,
        registered: datetime = datetime(2026, 1, 1, tzinfo=UTC),
        with_attempt: bool = True,
        reserve: bool = False,
    ) -> DeliveryId:
        """To an endpoint of its own. `reserve`: another delivery stands by, should it fail."""
        self.count += 1
        delivery = DeliveryId(INBOX, self.count, 0)
        endpoint = bytes([Channel.SMS]) + self.count.to_bytes(15, "big")
        reason = "timeout" if state is DeliveryState.UNKNOWN else None
        async with self.database.connection() as connection:
            await connection.execute(_ENDPOINT, INBOX, endpoint, registered)
            await connection.execute(
                _DELIVERY, INBOX, self.count, 0, endpoint, state, reason, tenant, provider
            )
            if reserve:
                await connection.execute(_CHAIN, INBOX, self.count, endpoint, tenant)
        if with_attempt:
            await self.attempted(delivery, message_id, provider=provider)
        return delivery

    async def attempted(
        self, delivery: DeliveryId, message_id: str, *, number: int = 1, provider: str = "twilio"
    ) -> None:
        """The result of the attempt, as it is committed."""
        key = (delivery.inbox_id, delivery.seq, delivery.ordinal)
        async with self.database.connection() as connection:
            await connection.execute(_ATTEMPT, *key, number, provider, message_id)
            await connection.execute(
                "UPDATE delivery SET attempt_count = $4 WHERE inbox_id = $1 AND seq = $2 AND ordinal = $3",
                *key,
                number,
            )

    async def find(self, delivery: DeliveryId) -> Record:
        row = await self.database.fetchrow(_FIND, delivery.inbox_id, delivery.seq, delivery.ordinal)
        assert row is not None
        return row

    async def retired(self, delivery: DeliveryId) -> str | None:
        """Why its endpoint was retired."""
        row = await self.find(delivery)
        endpoint = await self.database.fetchrow(
            "SELECT retire_time, retire_reason FROM endpoint WHERE inbox_id = $1 AND endpoint_id = $2",
            row["inbox_id"],
            row["endpoint_id"],
        )
        assert endpoint is not None
        return endpoint["retire_reason"] if endpoint["retire_time"] else None

    async def events(self) -> list[Record]:
        return await self.database.fetch("SELECT * FROM provider_event ORDER BY receive_time, event_id")

    async def snapshot(self) -> list[tuple[object, ...]]:
        """Everything that a callback could change."""
        return [
            tuple(row)
            for table in ("delivery", "attempt", "endpoint", "provider_event", "provider")
            for row in await self.database.fetch(f"SELECT * FROM {table} ORDER BY 1, 2, 3")
        ]
