"""The worker: everything that happens after a Send was answered.

Any number of workers may run. Each is a handful of loops over rows in Postgres; Redis only tells them when to
look. See `docs/explanation/delivery.md`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping
from functools import partial
from random import Random
from typing import TypeAlias

from carillon_server.config import Settings
from carillon_server.delivery import metrics
from carillon_server.delivery.crew import Crew
from carillon_server.delivery.executor import DecodeNotification, LoadAttachments, no_attachments
from carillon_server.delivery.loop import Loop
from carillon_server.delivery.queue import JobQueue
from carillon_server.delivery.routing.route import Routes
from carillon_server.domain.backoff import RETRY_POLICIES, RetryPolicy
from carillon_server.domain.channel import Channel
from carillon_server.domain.lane import Lane
from carillon_server.services.expire import ExpireService
from carillon_server.services.fan_out import FanOut
from carillon_server.services.ports import ChangePublisher, WorkerWaker
from carillon_server.services.progress import Progress
from carillon_server.services.prune import PruneService
from carillon_server.services.receipts import ReceiptService
from carillon_server.services.release import ReleaseService
from carillon_server.services.retain import RetainService
from carillon_server.services.tenant_deliveries import TenantDeliveries
from carillon_server.storage.database import Database
from carillon_server.storage.deliveries import extend, measure_backlog
from carillon_server.telemetry import get_logger

FanOutBuilder: TypeAlias = Callable[[WorkerWaker], FanOut]
"""Takes how deliveries are woken."""

_HERALD = "herald"
_HEARTBEATS_PER_LEASE = 3
_SCHEDULE_BATCH = 200
_PRUNE_BATCH = 1_000
_PRUNE_SECONDS = 60.0
_MEASURE_SECONDS = 5.0
_COUNT_AT_MOST = 10_000


class Worker:
    """Delivers, fans out, releases, expires, archives and prunes until it is stopped."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        publisher: ChangePublisher,
        decode_notification: DecodeNotification,
        routes: Routes,
        *,
        tenants: TenantDeliveries,
        fan_out: FanOutBuilder | None = None,
        load_attachments: LoadAttachments = no_attachments,
        policies: Mapping[Channel, RetryPolicy] = RETRY_POLICIES,
        rng: Random | None = None,
    ) -> None:
        self._settings = settings
        self._database = database
        self._routes = routes
        self._crew = Crew(
            settings,
            database,
            routes,
            decode_notification,
            load_attachments,
            policies=policies,
            rng=rng or Random(),
            wake=self._wake_lanes,
        )
        self._fan_out = fan_out(self._wake_lanes) if fan_out else None
        self._loops = self._build_loops(publisher, tenants)
        self._lifeline = Loop("lifeline", settings.lease_seconds / _HEARTBEATS_PER_LEASE, self._extend_leases)
        self._queue = JobQueue(
            settings.redis_url.get_secret_value(),
            deliver=lambda lane: self._wake_lanes([lane]),
            fan_out=self._wake_herald,
            sweep=self._sweep,
        )

    async def start(self) -> None:
        """Returns at once; Postgres and Redis may be away."""
        for loop in (self._lifeline, *self._loops.values()):
            await loop.start()
        await self._queue.start()
        get_logger().info("worker.started")

    async def stop(self) -> None:
        """Claims nothing more, gives what runs `worker_grace_seconds`, and hands the rest back."""
        self._crew.drain()
        if self._fan_out is not None:
            self._fan_out.drain()
        await self._queue.stop()
        await asyncio.gather(*(loop.stop() for loop in self._loops.values()))
        await self._crew.finish(self._settings.worker_grace_seconds)
        await self._lifeline.stop()
        await self._crew.stop()
        await self._routes.close()
        get_logger().info("worker.stopped")

    def _build_loops(self, publisher: ChangePublisher, tenants: TenantDeliveries) -> dict[str, Loop]:
        settings, database = self._settings, self._database
        release = ReleaseService(database, publisher, self._wake_lanes, tenants=tenants)
        expire = ExpireService(database, publisher)
        retain = RetainService(database, publisher)
        receipts = ReceiptService(database, self._wake_lanes)
        prune = PruneService(
            database,
            request_retention_seconds=settings.idempotency_retention_hours * 3600,
            tombstone_retention_seconds=settings.tombstone_retention_days * 24 * 3600,
        )
        sweep = settings.sweep_seconds
        loops = [
            *(Loop(each.name, sweep, each.dispatch) for each in self._crew.dispatchers),
            Loop("stager", sweep, _counted("released", lambda: release.release_due(_SCHEDULE_BATCH))),
            Loop("expirer", sweep, _counted("expired", lambda: expire.expire_due(_SCHEDULE_BATCH))),
            Loop("archivist", sweep, _counted("retained", lambda: retain.retain_due(_SCHEDULE_BATCH))),
            Loop("matcher", sweep, _counted("matched", lambda: receipts.match_late(_SCHEDULE_BATCH))),
            Loop("pruner", _PRUNE_SECONDS, _counted("pruned", lambda: prune.prune(_PRUNE_BATCH))),
            *(Loop(f"gauge {lane.name}", _MEASURE_SECONDS, partial(self._measure, lane)) for lane in Lane),
        ]
        if self._fan_out is not None:
            loops.append(Loop(_HERALD, sweep, self._fan_out.work))
        return {loop.name: loop for loop in loops}

    def _wake_lanes(self, lanes: Collection[Lane]) -> None:
        for lane in lanes:
            self._loops[self._crew.name_of(lane)].wake()

    def _sweep(self) -> None:
        for name in (*(each.name for each in self._crew.dispatchers), "stager", "expirer", "archivist"):
            self._loops[name].wake()
        self._wake_herald()

    def _wake_herald(self) -> None:
        if _HERALD in self._loops:
            self._loops[_HERALD].wake()

    async def _extend_leases(self) -> bool:
        held = self._crew.held
        if held:
            await self._database.transaction(
                lambda connection: extend(connection, held, self._settings.lease_seconds)
            )
        return False

    async def _measure(self, lane: Lane) -> bool:
        due_count, oldest_seconds = await measure_backlog(self._database, lane, _COUNT_AT_MOST)
        metrics.outbox_due.labels(lane.name).set(due_count)
        metrics.outbox_age_seconds.labels(lane.name).set(oldest_seconds)
        return False


def _counted(kind: str, work: Callable[[], Awaitable[Progress]]) -> Callable[[], Awaitable[bool]]:
    async def round_() -> bool:
        progress = await work()
        metrics.scheduled_work.labels(kind).inc(progress.done)
        return progress.more

    return round_
