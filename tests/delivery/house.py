"""A small installation: what a Send needs, and workers as many as a test wants."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random

from carillon.v1 import types_pb2
from carillon_server.config import Settings
from carillon_server.delivery.attachments import AttachmentLoader
from carillon_server.delivery.providers.provider import Provider
from carillon_server.delivery.routing.route import Routes
from carillon_server.delivery.routing.wiring import build_directory
from carillon_server.delivery.worker import Worker
from carillon_server.domain.backoff import RetryPolicy
from carillon_server.domain.channel import Channel
from carillon_server.domain.delivery import DeliveryState
from carillon_server.domain.identity import Principal, Role
from carillon_server.domain.inbox import Counts, InboxAddress
from carillon_server.domain.lane import Lane
from carillon_server.domain.notification import Draft, InboxChange
from carillon_server.domain.recipient import Endpoint, RecipientPatch
from carillon_server.domain.send import SendOutcome
from carillon_server.services.broadcasts import BroadcastService
from carillon_server.services.composer import Composer
from carillon_server.services.group_writer import GroupWriter
from carillon_server.services.inbox import InboxService
from carillon_server.services.ports import WorkerWaker
from carillon_server.services.preferences import PreferenceService
from carillon_server.services.recipients import RecipientService
from carillon_server.services.send import SendService
from carillon_server.services.tenant_deliveries import TenantDeliveries
from carillon_server.storage.database import Database, Record
from carillon_server.transport.convert.payloads import Payloads
from carillon_server.transport.encode import decode_action_ids, decode_notification
from carillon_server.wiring.fan_out import fan_out_builder
from tests.composing import composing
from tests.delivery.static_routes import StaticRoutes
from tests.eventually import eventually

TENANT = "acme"
PRODUCER = Principal(TENANT, "billing", frozenset({Role.PRODUCER}))
CONFIGURED = frozenset({Channel.IN_APP, Channel.EMAIL})
FAST = RetryPolicy(first_seconds=0.05, longest_seconds=0.1, max_attempts=6, give_up_seconds=60)
_KEY = urlsafe_b64encode(bytes(32)).decode()

_RECOUNT = """
SELECT count(*) FILTER (WHERE archive_time IS NULL) AS total,
    count(*) FILTER (WHERE archive_time IS NULL AND read_time IS NULL) AS unread,
    count(*) FILTER (WHERE archive_time IS NULL AND seen_time IS NULL) AS unseen,
    count(*) FILTER (WHERE archive_time IS NOT NULL) AS archived
FROM notification WHERE inbox_id = $1 AND stage = 1
"""


def utc_now() -> datetime:
    return datetime.now(UTC)


def no_wake(lanes: Collection[Lane]) -> None:
    """For tests in which nothing but the sweep may find the work."""


def payload(title: str = "Invoice 7 is paid", **content: object) -> bytes:
    message = types_pb2.Notification(content=types_pb2.Content(title=title, **content))  # type: ignore[arg-type]  # fields of a Content, by name
    return message.SerializeToString()


@dataclass
class House:
    settings: Settings
    database: Database
    writer: GroupWriter
    sends: SendService
    inboxes: InboxService
    preferences: PreferenceService
    recipients: RecipientService
    tenants: TenantDeliveries
    broadcasts: BroadcastService
    composer: Composer
    changes: list[InboxChange] = field(default_factory=list)

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        postgres_url: str,
        redis_url: str,
        waker: WorkerWaker = no_wake,
        configured: Collection[Channel] = CONFIGURED,
        **settings: object,
    ) -> AsyncIterator[House]:
        values = {"lease_seconds": 3.0, "sweep_seconds": 0.1, "worker_grace_seconds": 2.0, **settings}
        database = await Database.connect(postgres_url, max_connections=10)
        tenants = TenantDeliveries(database, configured)
        changes: list[InboxChange] = []
        writer = GroupWriter(
            database,
            changes.extend,
            waker,
            tenants=tenants,
            concurrency=2,
            max_batch=256,
            max_queue=50_000,
        )
        stack = AsyncExitStack()
        composer = await stack.enter_async_context(composing(database, tenants))
        broadcasts = BroadcastService(database, composer.compose, lambda: None, tenants=tenants)
        house = cls(
            Settings(database_url=postgres_url, redis_url=redis_url, secret_keys=_KEY, **values),  # type: ignore[arg-type]  # settings by name
            database,
            writer,
            SendService(
                database,
                writer,
                changes.extend,
                utc_now,
                tenants=tenants,
                composer=composer,
            ),
            InboxService(database, changes.extend, action_ids=decode_action_ids),
            PreferenceService(database, utc_now),
            RecipientService(database),
            tenants,
            broadcasts,
            composer,
            changes,
        )
        try:
            yield house
        finally:
            await writer.stop()
            await stack.aclose()
            await tenants.stop()
            await database.close()

    def worker(
        self, providers: Mapping[Channel, Provider] | Routes | None = None, policy: RetryPolicy = FAST
    ) -> Worker:
        """Not started. `providers` by channel, or routes; without, those of settings and tables."""
        if providers is None:
            providers = build_directory(self.settings, self.database, utc_now)
        return Worker(
            self.settings,
            self.database,
            self.changes.extend,
            decode_notification,
            StaticRoutes(providers) if isinstance(providers, Mapping) else providers,
            tenants=self.tenants,
            fan_out=fan_out_builder(
                self.settings, self.database, self.changes.extend, self.composer, Payloads(), self.tenants
            ),
            load_attachments=AttachmentLoader(self.database).load,
            policies=dict.fromkeys(Channel, policy),
            rng=Random(1),
        )

    @asynccontextmanager
    async def working(
        self, providers: Mapping[Channel, Provider] | Routes | None = None, policy: RetryPolicy = FAST
    ) -> AsyncIterator[Worker]:
        worker = self.worker(providers, policy)
        await worker.start()
        try:
            yield worker
        finally:
            await worker.stop()

    async def people(self, *names: str) -> None:
        """Each with a mail address."""
        for name in names:
            await self.put(name, f"{name}@example.com")

    async def crowd(self, count: int) -> list[str]:
        """Many of them."""
        names = [f"person-{number}" for number in range(count)]
        patches = [
            RecipientPatch(name, endpoints=(Endpoint(Channel.EMAIL, f"{name}@example.com"),))
            for name in names
        ]
        await self.recipients.upsert_all(TENANT, patches, timeout=10)
        return names

    async def put(
        self, name: str, address: str, locale: str | None = None, channel: Channel = Channel.EMAIL
    ) -> None:
        endpoint = Endpoint(channel, address)
        patch = RecipientPatch(name, locale=locale, endpoints=(endpoint,))
        await self.recipients.upsert(TENANT, patch, timeout=5)

    async def send(self, *names: str, **fields: object) -> SendOutcome:
        values = {"type": "invoice.paid", "payload": payload(), **fields}
        return await self.sends.send(PRODUCER, Draft(names, **values), timeout=10)  # type: ignore[arg-type]  # fields of a Draft, by name

    async def deliveries(self) -> list[Record]:
        return await self.database.fetch(
            "SELECT * FROM delivery ORDER BY create_time, inbox_id, seq, ordinal"
        )

    async def attempts(self) -> list[Record]:
        return await self.database.fetch("SELECT * FROM attempt ORDER BY inbox_id, seq, ordinal, number")

    async def settled(
        self, states: Collection[DeliveryState], within_seconds: float = 10
    ) -> Sequence[Record]:
        """Waits until every delivery stands in one of these states."""

        async def all_there() -> bool:
            rows = await self.deliveries()
            return bool(rows) and all(row["state"] in states for row in rows)

        await eventually(all_there, within_seconds)
        return await self.deliveries()

    async def recount(self, name: str) -> Counts:
        row = await self.database.fetchrow(_RECOUNT, InboxAddress(TENANT, name).inbox_id)
        assert row is not None
        return Counts(*row)

    async def counts(self, name: str) -> Counts:
        counts = await self.inboxes.counts(InboxAddress(TENANT, name), timeout=5)
        return counts.state.counts
