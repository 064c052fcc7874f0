"""The use cases on a real database, without a socket."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from carillon_server.domain.channel import Channel
from carillon_server.domain.identity import Principal, Role
from carillon_server.domain.inbox import Counts, InboxAddress
from carillon_server.domain.lane import Lane
from carillon_server.domain.notification import Draft, InboxChange
from carillon_server.domain.send import SendOutcome
from carillon_server.services.composer import Composer
from carillon_server.services.group_writer import GroupWriter
from carillon_server.services.inbox import InboxService
from carillon_server.services.preferences import PreferenceService
from carillon_server.services.recipients import RecipientService
from carillon_server.services.send import SendService
from carillon_server.services.tenant_deliveries import TenantDeliveries
from carillon_server.storage.database import Database
from tests.composing import composing

CONFIGURED = frozenset({Channel.IN_APP, Channel.EMAIL})
PRODUCER = Principal("acme", "billing", frozenset({Role.PRODUCER}))

_RECOUNT = """
SELECT count(*) FILTER (WHERE archive_time IS NULL) AS total,
    count(*) FILTER (WHERE archive_time IS NULL AND read_time IS NULL) AS unread,
    count(*) FILTER (WHERE archive_time IS NULL AND seen_time IS NULL) AS unseen,
    count(*) FILTER (WHERE archive_time IS NOT NULL) AS archived
FROM notification WHERE inbox_id = $1 AND stage = 1
"""


@dataclass
class Told:
    """What live streams and workers would have been told."""

    changes: list[InboxChange] = field(default_factory=list)
    wakes: int = 0

    def publish(self, changes: Sequence[InboxChange]) -> None:
        self.changes.extend(changes)

    def wake(self, _lanes: Collection[Lane]) -> None:
        self.wakes += 1


@dataclass
class Core:
    database: Database
    writer: GroupWriter
    told: Told
    sends: SendService
    inboxes: InboxService
    preferences: PreferenceService
    recipients: RecipientService
    tenants: TenantDeliveries
    composer: Composer

    async def send(
        self, *recipient_ids: str, principal: Principal = PRODUCER, **fields: object
    ) -> SendOutcome:
        return await self.sends.send(principal, draft(*recipient_ids, **fields), timeout=None)

    async def recount(self, address: InboxAddress) -> Counts:
        row = await self.database.fetchrow(_RECOUNT, address.inbox_id)
        assert row is not None
        return Counts(*row)


def draft(*recipient_ids: str, **fields: object) -> Draft:
    values = {"type": "invoice.paid", "payload": b"content", "request_hash": b"hash", **fields}
    return Draft(recipient_ids, **values)  # type: ignore[arg-type]  # fields of a Draft, by name


def utc_now() -> datetime:
    return datetime.now(UTC)


def make_writer(database: Database, told: Told, tenants: TenantDeliveries) -> GroupWriter:
    return GroupWriter(
        database, told.publish, told.wake, tenants=tenants, concurrency=2, max_batch=64, max_queue=5_000
    )


@pytest.fixture
async def core(postgres_url: str) -> AsyncIterator[Core]:
    database = await Database.connect(postgres_url, max_connections=10)
    told = Told()
    tenants = TenantDeliveries(database, CONFIGURED)
    writer = make_writer(database, told, tenants)
    async with composing(database, tenants) as composer:
        yield Core(
            database,
            writer,
            told,
            SendService(database, writer, told.publish, utc_now, tenants=tenants, composer=composer),
            InboxService(database, told.publish, action_ids=lambda payload: {"accept", "decline"}),
            PreferenceService(database, utc_now),
            RecipientService(database),
            tenants,
            composer,
        )
    await writer.stop()
    await tenants.stop()
    await database.close()
