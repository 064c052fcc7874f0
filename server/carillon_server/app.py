"""The composition root: the one place where the parts are put together.

`running_server` and `running_worker` start everything in order and stop it in the reverse one. `serve` and
`work` run them until a signal comes.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from signal import SIGINT, SIGTERM

from carillon_server import telemetry
from carillon_server.config import Settings
from carillon_server.delivery.attachments import AttachmentLoader
from carillon_server.delivery.providers.chat.chat_address import check_chat_address
from carillon_server.delivery.providers.http.egress import Egress
from carillon_server.delivery.providers.provider import Workshop
from carillon_server.delivery.queue import RedisProbe, Waker, WorkerProbe
from carillon_server.delivery.routing.catalog import KindCatalog
from carillon_server.delivery.routing.wiring import build_directory, running_upkeep
from carillon_server.delivery.worker import Worker
from carillon_server.domain.cursor import CursorSealer
from carillon_server.memory import settle_memory
from carillon_server.realtime.realtime import Realtime
from carillon_server.rendering.pool import RenderPool
from carillon_server.services.api_keys import ApiKeys
from carillon_server.services.attachments import AttachmentService
from carillon_server.services.broadcasts import BroadcastService
from carillon_server.services.deliveries import DeliveryService
from carillon_server.services.delivery_settings import DeliverySettingsService
from carillon_server.services.delivery_stats import DeliveryStatsService
from carillon_server.services.identity import Identity, build_token_verifier
from carillon_server.services.inbox import InboxService
from carillon_server.services.ports import TenantForgetter
from carillon_server.services.preferences import PreferenceService
from carillon_server.services.provider_events import ProviderEventService
from carillon_server.services.providers import ProviderService
from carillon_server.services.receipts import ReceiptService
from carillon_server.services.recipient_export import RecipientExportService
from carillon_server.services.recipients import RecipientService
from carillon_server.services.secret_box import SecretBox
from carillon_server.services.send import SendService
from carillon_server.services.topics import TopicService
from carillon_server.stopping import Stopping, on_signals
from carillon_server.storage.database import Database
from carillon_server.storage.installation import Installation
from carillon_server.storage.schema import check_schema
from carillon_server.transport.broadcasts import BroadcastServicer
from carillon_server.transport.checker import Checker
from carillon_server.transport.cursors import Cursors
from carillon_server.transport.deliveries import DeliveryServicer
from carillon_server.transport.doors import Doors
from carillon_server.transport.encode import decode_action_ids, decode_notification
from carillon_server.transport.encode_events import SubscribeResponseEncoder
from carillon_server.transport.endpoint_guard import EndpointGuard
from carillon_server.transport.health import HealthMonitor, Probe
from carillon_server.transport.notifications import NotificationServicer
from carillon_server.transport.page_token import PageTokenSealer
from carillon_server.transport.preferences import PreferenceServicer
from carillon_server.transport.providers import ProviderServicer
from carillon_server.transport.recipient_batch import RecipientBatch
from carillon_server.transport.recipient_exports import RecipientExportServicer
from carillon_server.transport.recipients import RecipientServicer
from carillon_server.transport.server import SERVICES, build_router
from carillon_server.transport.submission import Submission
from carillon_server.transport.subscribe import SubscribeHandler
from carillon_server.transport.topics import TopicServicer
from carillon_server.wiring.cataloguing import build_catalog_servicers
from carillon_server.wiring.connections import look_at_connections
from carillon_server.wiring.fan_out import fan_out_builder
from carillon_server.wiring.ground import Ground
from carillon_server.wiring.sending import prepare_composing, prepare_sending

_STOP_GRACE_SECONDS = 5.0
_DAY_SECONDS = 86_400.0


def utc_now() -> datetime:
    """The clock of the process."""
    return datetime.now(UTC)


async def serve(settings: Settings) -> None:
    """Runs a server until SIGTERM or SIGINT, then drains it."""
    telemetry.configure_logging(settings.log_level)
    stopping = Stopping()
    stopping.hear_signals(beside_others=settings.grpc_share_port)
    with telemetry.metrics_server(settings.metrics_address):
        async with running_server(settings, stopping) as port:
            settle_memory()
            telemetry.get_logger().info("server.ready", port=port, development=settings.development)
            await stopping.asked.wait()
            telemetry.get_logger().info("server.draining")


async def serve_beside_others(settings: Settings, number: int, tell_ready: Callable[[], None]) -> None:
    """Runs one of several servers on a port until SIGTERM, SIGINT, or SIGHUP: then others take over."""
    telemetry.configure_logging(settings.log_level, process=number)
    stopping = Stopping()
    stopping.hear_signals(beside_others=True)
    async with running_server(settings, stopping) as port:
        settle_memory()
        tell_ready()
        telemetry.get_logger().info("process.ready", port=port)
        await stopping.asked.wait()
        telemetry.get_logger().info("process.draining", others_take_over=stopping.others_take_over)


async def work(settings: Settings) -> None:
    """Runs a worker until SIGTERM or SIGINT, then finishes what is under way."""
    telemetry.configure_logging(settings.log_level)
    stop = on_signals(SIGTERM, SIGINT)
    with telemetry.metrics_server(settings.worker_metrics_address):
        async with running_worker(settings):
            settle_memory()
            await stop.wait()


@asynccontextmanager
async def running_server(settings: Settings, stopping: Stopping | None = None) -> AsyncIterator[int]:
    """A server that takes calls; the port it listens on. `stopping` says how it ends."""
    async with AsyncExitStack() as stack:
        ground = await _lay_ground(settings, stack)
        draining = asyncio.Event()
        servicers = await _build_servicers(ground, stack, draining)
        health = await _watch_health(ground, stack)
        router = build_router(
            settings,
            servicers=servicers,
            authenticator=ground.identity,
            checker=Checker(utc_now),
            health=health,
        )
        doors = Doors(settings, router)
        port = doors.bind()
        await doors.start()

        async def drain() -> None:
            """Callers look elsewhere, streams are sent elsewhere, and what is under way is finished."""
            health.drain()
            draining.set()
            if stopping is not None and stopping.others_take_over:
                # Streams that come back must not come back to this one.
                stopped = doors.stop(settings.drain_seconds + _STOP_GRACE_SECONDS)
                await asyncio.gather(ground.realtime.drain(settings.drain_seconds), stopped)
            else:
                await ground.realtime.drain(settings.drain_seconds)
                await doors.stop(_STOP_GRACE_SECONDS)

        stack.push_async_callback(drain)
        yield port


@asynccontextmanager
async def running_worker(settings: Settings) -> AsyncIterator[None]:
    """A worker that delivers."""
    async with AsyncExitStack() as stack:
        ground = await _lay_ground(settings, stack)
        composing = prepare_composing(ground, utc_now, stack)
        directory = build_directory(settings, ground.database, utc_now)
        await stack.enter_async_context(running_upkeep(settings, ground.database, directory))
        worker = Worker(
            settings,
            ground.database,
            ground.realtime.publisher,
            decode_notification,
            directory,
            tenants=composing.tenants,
            fan_out=fan_out_builder(
                settings,
                ground.database,
                ground.realtime.publisher,
                composing.composer,
                composing.payloads,
                composing.tenants,
            ),
            load_attachments=AttachmentLoader(ground.database).load,
        )
        await worker.start()
        stack.push_async_callback(worker.stop)
        yield


async def _lay_ground(settings: Settings, stack: AsyncExitStack) -> Ground:
    database = await Database.connect(
        settings.database_url.get_secret_value(), max_connections=settings.database_max_connections
    )
    stack.push_async_callback(database.close)
    await check_schema(database)
    await look_at_connections(database, settings)
    installation = Installation(database)
    await installation.refresh()
    keys = ApiKeys(database, utc_now)
    identity = Identity(build_token_verifier(settings, utc_now), keys, utc_now)
    realtime = Realtime(
        settings,
        database,
        installation,
        SubscribeResponseEncoder(),
        clock=utc_now,
        recheck=identity.recheck,
    )
    await realtime.start()
    stack.push_async_callback(realtime.stop)
    renderer = RenderPool(settings.render_processes)
    stack.push_async_callback(renderer.stop)
    return Ground(settings, database, installation, identity, realtime, renderer)


async def _build_servicers(
    ground: Ground, stack: AsyncExitStack, draining: asyncio.Event
) -> tuple[object, ...]:
    settings, database, publisher = ground.settings, ground.database, ground.realtime.publisher
    waker = Waker(settings.redis_url.get_secret_value())
    await waker.start()
    stack.push_async_callback(waker.stop)
    sending = await prepare_sending(ground, waker, utc_now, stack)
    broadcasts = BroadcastService(
        database, sending.composer.compose, waker.wake_fan_out, tenants=sending.tenants
    )
    sends = SendService(
        database,
        sending.writer,
        publisher,
        utc_now,
        tenants=sending.tenants,
        composer=sending.composer,
    )
    recipients = RecipientService(database)
    attachments = AttachmentService(
        database, retention_seconds=settings.attachment_retention_days * _DAY_SECONDS
    )
    pages = PageTokenSealer(settings.raw_secret_keys)
    notifications = NotificationServicer(
        submission=Submission(sends, broadcasts, recipients, attachments, Checker(utc_now)),
        sends=sends,
        inbox=InboxService(database, publisher, action_ids=decode_action_ids),
        cursors=Cursors(CursorSealer(settings.raw_secret_keys), ground.installation),
        pages=pages,
        item_timeout_seconds=settings.default_deadline_seconds,
        draining=draining,
    )
    return (
        notifications,
        SubscribeHandler(ground.realtime.open_stream),
        PreferenceServicer(PreferenceService(database, utc_now)),
        _build_recipient_servicer(settings, recipients, pages),
        TopicServicer(TopicService(database), pages),
        BroadcastServicer(broadcasts, pages),
        RecipientExportServicer(RecipientExportService(database)),
        DeliveryServicer(DeliveryService(database, waker), DeliveryStatsService(database), pages),
        _build_provider_servicer(ground, waker, sending.tenants.forget),
        *build_catalog_servicers(database, ground.renderer, sending.catalogs.forget, sends, pages, utc_now),
    )


def _build_recipient_servicer(
    settings: Settings, recipients: RecipientService, pages: PageTokenSealer
) -> RecipientServicer:
    guard = EndpointGuard(Egress(settings.egress_allowed_networks), check_chat_address)
    batch = RecipientBatch(recipients, guard, Checker(utc_now))
    return RecipientServicer(recipients, pages, guard, batch)


def _build_provider_servicer(ground: Ground, waker: Waker, forget: TenantForgetter) -> ProviderServicer:
    settings, database = ground.settings, ground.database
    workshop = Workshop(utc_now, Egress(settings.egress_allowed_networks))
    catalog = KindCatalog(workshop=workshop)
    box = SecretBox(settings.raw_secret_keys)
    receipts = ReceiptService(database, waker)
    return ProviderServicer(
        ProviderService(database, catalog, box, forget),
        DeliverySettingsService(database, forget),
        ProviderEventService(database, catalog, box, utc_now, receipts),
    )


async def _watch_health(ground: Ground, stack: AsyncExitStack) -> HealthMonitor:
    redis_url = ground.settings.redis_url.get_secret_value()
    redis, worker = RedisProbe(redis_url), WorkerProbe(redis_url)
    stack.push_async_callback(redis.close)
    stack.push_async_callback(worker.close)

    async def postgres() -> bool:
        return await ground.database.fetchrow("SELECT 1") is not None

    probes: dict[str, Probe] = {"postgres": postgres, "redis": redis, "worker": worker}
    health = HealthMonitor(probes, essential=["postgres"], services=SERVICES)
    await health.start()
    stack.push_async_callback(health.stop)
    return health
