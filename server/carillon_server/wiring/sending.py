"""What it takes to send, on a server and on a worker that fans out."""

from __future__ import annotations

from contextlib import AsyncExitStack
from dataclasses import dataclass

from carillon_server.config import Settings
from carillon_server.delivery.channels import installation_channels
from carillon_server.rendering.schema import SchemaCompiler
from carillon_server.services.composer import Composer
from carillon_server.services.group_writer import GroupWriter
from carillon_server.services.ports import ChangePublisher, Clock, WorkerWaker
from carillon_server.services.tenant_catalog import TenantCatalogs
from carillon_server.services.tenant_deliveries import TenantDeliveries
from carillon_server.storage.database import Database
from carillon_server.transport.convert.payloads import Payloads
from carillon_server.wiring.ground import Ground

_ACCEPT = "accept"
# All sends of the process wait for their batch; one inbox that is locked must not hold them up for long.
_LOCK_TIMEOUT_MS = 100


@dataclass(frozen=True, slots=True)
class Composing:
    """What it takes to compose."""

    tenants: TenantDeliveries
    catalogs: TenantCatalogs
    composer: Composer
    payloads: Payloads


@dataclass(frozen=True, slots=True)
class Sending(Composing):
    """Composes and writes."""

    writer: GroupWriter


async def prepare_sending(ground: Ground, waker: WorkerWaker, clock: Clock, stack: AsyncExitStack) -> Sending:
    """Stopped with the stack."""
    composing = prepare_composing(ground, clock, stack)
    publisher = ground.realtime.publisher
    writer = await _open_writer(ground.settings, publisher, waker, composing.tenants, stack)
    return Sending(composing.tenants, composing.catalogs, composing.composer, composing.payloads, writer)


def prepare_composing(ground: Ground, clock: Clock, stack: AsyncExitStack) -> Composing:
    """Stopped with the stack."""
    settings, database = ground.settings, ground.database
    tenants = follow_tenants(settings, database, stack)
    catalogs = TenantCatalogs(database, SchemaCompiler(), accept_unknown=settings.unknown_types == _ACCEPT)
    stack.push_async_callback(catalogs.stop)
    payloads = Payloads()
    composer = Composer(
        database, catalogs, ground.renderer, payloads, clock, fallbacks_of=tenants.fallbacks_of
    )
    return Composing(tenants, catalogs, composer, payloads)


def follow_tenants(settings: Settings, database: Database, stack: AsyncExitStack) -> TenantDeliveries:
    """What this process knows of the deliveries of tenants."""
    tenants = TenantDeliveries(database, installation_channels(settings))
    stack.push_async_callback(tenants.stop)
    return tenants


async def _open_writer(
    settings: Settings,
    publisher: ChangePublisher,
    waker: WorkerWaker,
    tenants: TenantDeliveries,
    stack: AsyncExitStack,
) -> GroupWriter:
    # Connections of its own: writes never wait behind reads, and half of their time was planning.
    database = await Database.connect(
        settings.database_url.get_secret_value(),
        max_connections=settings.writer_concurrency + 1,
        generic_plans=True,
        lock_timeout_ms=_LOCK_TIMEOUT_MS,
    )
    stack.push_async_callback(database.close)
    writer = GroupWriter(
        database,
        publisher,
        waker,
        tenants=tenants,
        concurrency=settings.writer_concurrency,
        max_batch=settings.writer_max_batch,
        max_queue=settings.writer_max_queue,
    )
    stack.push_async_callback(writer.stop)
    return writer
