"""One server process as a test sees it: real Postgres, real Redis, a real socket."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import grpc

from carillon.v1 import notification_service_pb2 as pb
from carillon.v1 import types_pb2
from carillon_server.config import Settings
from carillon_server.domain.channel import Channel
from carillon_server.domain.errors import Reason, Refusal
from carillon_server.domain.identity import Principal, Role
from carillon_server.domain.ids import NotificationId
from carillon_server.domain.inbox import InboxAddress
from carillon_server.domain.inbox_query import Mark, Selection
from carillon_server.domain.notification import Draft
from carillon_server.realtime import Realtime
from carillon_server.services.api_keys import ApiKeys
from carillon_server.services.group_writer import GroupWriter
from carillon_server.services.identity import Identity
from carillon_server.services.inbox import InboxService
from carillon_server.services.recipients import RecipientService
from carillon_server.services.send import SendService
from carillon_server.services.tenant_deliveries import TenantDeliveries
from carillon_server.storage.database import Database
from carillon_server.storage.installation import Installation
from carillon_server.transport.authorization import NOTIFICATION_SERVICE
from carillon_server.transport.checker import Checker
from carillon_server.transport.doors import build_server
from carillon_server.transport.encode import decode_action_ids
from carillon_server.transport.encode_events import SubscribeResponseEncoder
from carillon_server.transport.health import HealthMonitor
from carillon_server.transport.server import build_router
from carillon_server.transport.subscribe import SubscribeHandler
from tests.composing import composing
from tests.realtime.reader import Reader

TENANT = "acme"
PRODUCER = Principal(TENANT, "billing", frozenset({Role.PRODUCER}))
KEY = urlsafe_b64encode(bytes(32)).decode()
CONFIGURED = frozenset({Channel.IN_APP})


def tomorrow() -> datetime:
    return datetime.now(UTC) + timedelta(days=1)


def utc_now() -> datetime:
    return datetime.now(UTC)


def payload(title: str, type_: str) -> bytes:
    message = types_pb2.Notification(type=type_, content=types_pb2.Content(title=title))
    return message.SerializeToString()


def inbox_of(user: str) -> InboxAddress:
    return InboxAddress(TENANT, user)


class Names:
    """Whoever brings a name as a token is that user of the tenant; API keys are looked up."""

    def __init__(self, keys: ApiKeys) -> None:
        self._keys = keys

    async def authenticate(self, token: str) -> Principal:
        if not token.startswith("crn_"):
            return Principal(TENANT, token, frozenset({Role.USER}), credential_id=token)
        principal = await self._keys.verify(token)
        if principal is None:
            raise Refusal(Reason.CREDENTIALS_INVALID, "no such key")
        return principal


@dataclass
class Place:
    settings: Settings
    database: Database
    installation: Installation
    realtime: Realtime
    sends: SendService
    inboxes: InboxService
    recipients: RecipientService
    keys: ApiKeys
    port: int

    @classmethod
    @asynccontextmanager
    async def open(cls, postgres_url: str, redis_url: str, **settings: object) -> AsyncIterator[Place]:
        values = {"stream_poll_seconds": 0.5, "slow_reader_seconds": 1.0, **settings}
        config = Settings.model_validate(
            {"database_url": postgres_url, "redis_url": redis_url, "secret_keys": KEY, **values}
        )
        async with AsyncExitStack() as stack:
            database = await Database.connect(postgres_url, max_connections=config.database_max_connections)
            stack.push_async_callback(database.close)
            installation = Installation(database)
            await installation.refresh()
            keys = ApiKeys(database, utc_now)
            realtime = Realtime(
                config,
                database,
                installation,
                SubscribeResponseEncoder(),
                clock=utc_now,
                recheck=Identity(None, keys, utc_now).recheck,
            )
            await realtime.start()
            stack.push_async_callback(realtime.stop)
            tenants = TenantDeliveries(database, CONFIGURED)
            stack.push_async_callback(tenants.stop)
            writer = _writer(database, realtime, tenants)
            stack.push_async_callback(writer.stop)
            composer = await stack.enter_async_context(composing(database, tenants))
            server = _server(config, realtime, keys)
            port = server.add_insecure_port("127.0.0.1:0")
            await server.start()
            stack.push_async_callback(server.stop, 0)
            yield cls(
                config,
                database,
                installation,
                realtime,
                SendService(
                    database, writer, realtime.publisher, utc_now, tenants=tenants, composer=composer
                ),
                InboxService(database, realtime.publisher, action_ids=decode_action_ids),
                RecipientService(database),
                keys,
                port,
            )

    async def send(
        self, *users: str, title: str = "Invoice 7 is paid", type_: str = "invoice.paid", **fields: object
    ) -> list[NotificationId]:
        draft = Draft(users, type_, payload(title, type_), **fields)  # type: ignore[arg-type]  # by name
        outcome = await self.sends.send(PRODUCER, draft, timeout=10)
        return [result.notification_id for result in outcome.results if result.notification_id]

    async def mark(self, user: str, mark: Mark, *ids: NotificationId) -> int:
        selection = Selection(ids=ids) if ids else Selection()
        return (await self.inboxes.mark(inbox_of(user), mark, selection, timeout=10)).changed

    async def key(
        self, user: str, tenant: str = TENANT, expire_time: datetime | None = None
    ) -> tuple[str, str]:
        """An API key of that user: its text, and its id."""
        text, key = await self.keys.create(tenant, user, frozenset({Role.USER}), expire_time)
        return text, key.key_id

    @asynccontextmanager
    async def reading(
        self, user: str, cursor: str = "", *, token: str = "", **request: object
    ) -> AsyncIterator[Reader]:
        """A stream over a connection of its own."""
        async with self.connection() as channel:
            yield self.subscribe(channel, user, cursor, token=token, **request)

    @asynccontextmanager
    async def connection(
        self, *options: tuple[str, int], target: str = ""
    ) -> AsyncIterator[grpc.aio.Channel]:
        own = [("grpc.use_local_subchannel_pool", 1), *options]
        async with grpc.aio.insecure_channel(target or f"127.0.0.1:{self.port}", options=own) as channel:
            yield channel

    def subscribe(
        self, channel: grpc.aio.Channel, user: str, cursor: str = "", *, token: str = "", **request: object
    ) -> Reader:
        method = channel.unary_stream(
            f"/{NOTIFICATION_SERVICE}/Subscribe",
            request_serializer=pb.SubscribeRequest.SerializeToString,
            response_deserializer=pb.SubscribeResponse.FromString,
        )
        message = pb.SubscribeRequest(cursor=cursor, **request)  # type: ignore[arg-type]  # by name
        return Reader(method(message, metadata=(("authorization", f"Bearer {token or user}"),)))


def _writer(database: Database, realtime: Realtime, tenants: TenantDeliveries) -> GroupWriter:
    return GroupWriter(
        database,
        realtime.publisher,
        lambda _lanes: None,
        tenants=tenants,
        concurrency=2,
        max_batch=64,
        max_queue=5_000,
    )


class _NotHere:
    """All RPCs that these tests do not call."""

    def __getattr__(self, name: str) -> Callable[[object, object], Awaitable[None]]:
        async def refuse(request: object, call: object) -> None:
            raise Refusal(Reason.METHOD_UNKNOWN, name)

        return refuse


def _server(config: Settings, realtime: Realtime, keys: ApiKeys) -> grpc.aio.Server:
    router = build_router(
        config,
        servicers=[SubscribeHandler(realtime.open_stream), _NotHere()],
        authenticator=Names(keys),
        checker=Checker(utc_now),
        health=HealthMonitor({}, essential=(), services=()),
    )
    return build_server(config, router)
