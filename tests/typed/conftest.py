"""A running service whose tenant has a catalog, and the clients of those who send and read."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from carillon import AsyncClient
from carillon.v1.notification_service_pb2 import SendResponse
from carillon.v1.types_pb2 import Channel, DecisionReason, Notification, Verdict
from carillon_server.domain.identity import Role
from carillon_server.domain.inbox import InboxAddress
from carillon_server.storage.database import Database, Record
from tests.running import Issuer, make_settings, running_server

TENANT = "acme"
TYPE = "scan.completed"
# Nobody listens there: mails are decided and queued, and stay.
SMTP_URL = "smtp://127.0.0.1:9"

Decisions = dict[str, tuple[str, str]]
"""Verdict and reason, by channel."""


@dataclass
class World:
    address: str
    issuer: Issuer
    database: Database
    stack: AsyncExitStack
    operator: AsyncClient
    producer: AsyncClient

    async def client(self, role: Role, subject: str, address: str = "") -> AsyncClient:
        token = self.issuer.token(TENANT, subject, [role])
        return await self.stack.enter_async_context(AsyncClient(address or self.address, token=token))

    async def stranger(self) -> AsyncClient:
        """Sends for another tenant."""
        token = self.issuer.token("other", "billing", [Role.PRODUCER])
        return await self.stack.enter_async_context(AsyncClient(self.address, token=token))

    async def put_type(self, **fields: Any) -> None:
        """Of the usual name, where none is given."""
        await self.operator.put_type(type={"name": TYPE, **fields})  # type: ignore[typeddict-item]  # by name

    async def put_template(self, locale: str = "en", *, type_: str = TYPE, **channel: Any) -> None:
        await self.operator.put_template(template={"type": type_, "locale": locale, **channel})  # type: ignore[typeddict-item]  # by name

    async def send(self, *names: str, **fields: Any) -> SendResponse:
        return await self.producer.send(**{"recipient_ids": names, "type": TYPE, **fields})

    async def inbox(self, name: str) -> Sequence[Notification]:
        reader = await self.client(Role.USER, name)
        return (await reader.list()).notifications

    async def latest(self, name: str) -> Notification:
        return (await self.inbox(name))[0]

    async def titles(self, *names: str) -> list[str]:
        return [(await self.latest(name)).content.title for name in names]

    async def parts(self, name: str) -> list[tuple[str, Mapping[str, str]]]:
        """Words of single channels, the oldest first."""
        rows = await self.rows("notification_part", name)
        return [(Channel.Name(row["channel"]), json.loads(row["content"])) for row in rows]

    async def rows(self, table: str, name: str) -> list[Record]:
        inbox_id = InboxAddress(TENANT, name).inbox_id
        return await self.database.fetch(f"SELECT * FROM {table} WHERE inbox_id = $1 ORDER BY seq", inbox_id)

    async def count(self) -> int:
        row = await self.database.fetchrow("SELECT count(*) FROM notification")
        assert row is not None
        return int(row[0])


def decisions_of(response: SendResponse, index: int = 0) -> Decisions:
    return {
        Channel.Name(decision.channel).removeprefix("CHANNEL_"): (
            Verdict.Name(decision.verdict).removeprefix("VERDICT_"),
            DecisionReason.Name(decision.reason).removeprefix("DECISION_REASON_"),
        )
        for decision in response.results[index].decisions
    }


@pytest.fixture
async def world(postgres_url: str, redis_url: str, tmp_path: Path) -> AsyncIterator[World]:
    issuer = Issuer(tmp_path / "identity")
    settings = make_settings(postgres_url, redis_url, issuer, unknown_types="refuse", smtp_url=SMTP_URL)
    async with AsyncExitStack() as stack:
        address = await stack.enter_async_context(running_server(settings))
        database = await Database.connect(postgres_url, max_connections=2)
        stack.push_async_callback(database.close)
        operator = AsyncClient(address, token=issuer.token(TENANT, "root", [Role.OPERATOR]))
        producer = AsyncClient(address, token=issuer.token(TENANT, "billing", [Role.PRODUCER]))
        for client in (operator, producer):
            await stack.enter_async_context(client)
        yield World(address, issuer, database, stack, operator, producer)
