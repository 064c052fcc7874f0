"""Deliveries without workers: what a test wants to have happened is written into the real database."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import asyncpg
import grpc

from carillon.v1 import delivery_service_pb2 as pb
from carillon_server.domain.delivery import DeliveryState
from carillon_server.domain.identity import Role
from carillon_server.domain.ids import DeliveryId
from tests.running import Issuer, make_settings, running_server
from tests.transport.caller import Caller
from tests.transport.conftest import House
from tests.transport.requests import build
from tests.transport.trouble import connected

TENANT = "acme"


@dataclass
class Outbox:
    """A service with mail and no workers, and its database."""

    house: House
    postgres_url: str

    @property
    def operator(self) -> Caller:
        return self.house.operator

    async def send(self, *recipients: str, tenant: str = TENANT, **changes: Any) -> list[str]:
        """One notification to each, by mail too; the ids of the deliveries, in the same order."""
        profiles = [{"recipient_id": name, "email": f"{name}@example.com"} for name in recipients]
        producer = self.house.caller(Role.PRODUCER, subject="billing", tenant=tenant)
        request = build("Send", {"recipient_ids": None, "recipients": profiles, **changes})
        sent = await producer.call("Send", request)
        operator = self.house.caller(Role.OPERATOR, subject="root", tenant=tenant)
        stories = [
            await operator.call(
                "ExplainNotification", pb.ExplainNotificationRequest(id=result.notification_id)
            )
            for result in sent.results
        ]
        return [story.deliveries[0].delivery.id for story in stories]

    async def execute(self, sql: str, *arguments: object) -> list[asyncpg.Record]:
        async with connected(self.postgres_url) as connection:
            rows: list[asyncpg.Record] = await connection.fetch(sql, *arguments)
        return rows

    async def end(
        self, delivery_id: str, state: DeliveryState, reason: str | None = None, provider: str = "mail"
    ) -> None:
        """As a worker would have left it after one attempt."""
        key = self._key(delivery_id)
        await self.execute(
            """UPDATE delivery SET state = $4, finish_reason = $5, provider = $6, finish_time = now(),
                attempt_count = attempt_count + 1, fence = fence + 1
            WHERE inbox_id = $1 AND seq = $2 AND ordinal = $3""",
            *key,
            int(state),
            reason,
            provider,
        )
        await self.execute(
            """INSERT INTO attempt (inbox_id, seq, ordinal, number, provider, start_time, end_time, outcome,
                error_class, error_detail)
            SELECT inbox_id, seq, ordinal, attempt_count, $4, now(), now(), $5, $6, 'said no' FROM delivery
            WHERE inbox_id = $1 AND seq = $2 AND ordinal = $3""",
            *key,
            provider,
            "delivered" if state is DeliveryState.DELIVERED else "retry",
            reason,
        )

    async def row(self, delivery_id: str) -> asyncpg.Record:
        (row,) = await self.execute(
            "SELECT * FROM delivery WHERE inbox_id = $1 AND seq = $2 AND ordinal = $3",
            *self._key(delivery_id),
        )
        return row

    async def change(self, delivery_id: str, assignment: str) -> None:
        """Sets columns of the delivery."""
        await self.execute(
            f"UPDATE delivery SET {assignment} WHERE inbox_id = $1 AND seq = $2 AND ordinal = $3",
            *self._key(delivery_id),
        )

    async def change_notification(self, delivery_id: str, assignment: str) -> None:
        """Sets columns of its notification."""
        inbox_id, seq, _ = self._key(delivery_id)
        await self.execute(
            f"UPDATE notification SET {assignment} WHERE inbox_id = $1 AND seq = $2", inbox_id, seq
        )

    @staticmethod
    def _key(delivery_id: str) -> tuple[bytes, int, int]:
        parsed = DeliveryId.parse(delivery_id)
        assert parsed is not None
        return parsed.inbox_id, parsed.seq, parsed.ordinal


@asynccontextmanager
async def open_outbox(postgres_url: str, redis_url: str, issuer: Issuer) -> AsyncIterator[Outbox]:
    settings = make_settings(postgres_url, redis_url, issuer, smtp_url="smtp://127.0.0.1:9")
    async with running_server(settings) as address, grpc.aio.insecure_channel(address) as channel:
        yield Outbox(House(address, issuer, channel), postgres_url)
