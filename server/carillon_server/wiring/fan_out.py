"""What it takes to carry broadcasts out."""

from __future__ import annotations

from carillon_server.config import Settings
from carillon_server.delivery.worker import FanOutBuilder
from carillon_server.services.composer import Composer
from carillon_server.services.fan_out import FanOut
from carillon_server.services.fan_out_chunk import ChunkWriter
from carillon_server.services.ports import ChangePublisher, PayloadEditor, WorkerWaker
from carillon_server.services.tenant_deliveries import TenantDeliveries
from carillon_server.storage.database import Database


def fan_out_builder(
    settings: Settings,
    database: Database,
    publisher: ChangePublisher,
    composer: Composer,
    payloads: PayloadEditor,
    tenants: TenantDeliveries,
) -> FanOutBuilder:
    """For a worker, which says how it wakes its deliveries."""
    lease_seconds = settings.lease_seconds

    def build(waker: WorkerWaker) -> FanOut:
        chunks = ChunkWriter(
            database, composer.compose, publisher, waker, tenants=tenants, lease_seconds=lease_seconds
        )
        return FanOut(database, chunks, payloads, tenants=tenants, lease_seconds=lease_seconds)

    return build
