"""The worker: everything that happens after a Send was answered.

Any number of workers may run. Each is a handful of loops over rows in Postgres; Redis only tells them when to
look. See `docs/explanation/delivery.md`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from random import Random

from carillon_server.config import Settings
from carillon_server.delivery import metrics
from carillon_server.delivery.channels import RETRY_POLICIES
from carillon_server.delivery.claim import Claimer
from carillon_server.delivery.dispatcher import Dispatcher
from carillon_server.delivery.executor import DecodeContent, Executor
from carillon_server.delivery.loop import Loop
from carillon_server.delivery.providers.provider import Provider
from carillon_server.delivery.queue import JobQueue
from carillon_server.delivery.recorder import Recorder
from carillon_server.domain.backoff import RetryPolicy
from carillon_server.domain.channel import Channel
from carillon_server.services.expire import ExpireService
from carillon_server.services.ports import ChangePublisher
from carillon_server.services.progress import Progress
from carillon_server.services.prune import PruneService
from carillon_server.services.release import ReleaseService
from carillon_server.storage.database import Database
from carillon_server.storage.deliveries import extend, measure_backlog
from carillon_server.telemetry import get_logger

_HEARTBEATS_PER_LEASE = 3
_SCHEDULE_BATCH = 200
_PRUNE_BATCH = 1_000
_PRUNE_SECONDS = 60.0
_MEASURE_SECONDS = 5.0
_COUNT_AT_MOST = 10_000


class Worker:
    """Delivers, releases, expires and prunes until it is stopped."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        publisher: ChangePublisher,
        decode_content: DecodeContent,
        providers: Mapping[Channel, Provider],
        *,
        policies: Mapping[Channel, RetryPolicy] = RETRY_POLICIES,
        rng: Random | None = None,
    ) -> None:
        self._settings = settings
        self._database = database
        self._providers = providers
        self._recorder = Recorder(database)
        self._dispatcher = self._build_dispatcher(decode_content, policies, rng or Random())
        self._loops = self._build_loops(publisher)
        self._lifeline = Loop("lifeline", settings.lease_seconds / _HEARTBEATS_PER_LEASE, self._extend_leases)
        self._queue = JobQueue(
            settings.redis_url.get_secret_value(), deliver=self._loops["dispatcher"].wake, sweep=self._sweep
        )

    async def start(self) -> None:
        """Returns at once; Postgres and Redis may be away."""
        for loop in (self._lifeline, *self._loops.values()):
            await loop.start()
        await self._queue.start()
        get_logger().info("worker.started", channels=[channel.name for channel in self._providers])

    async def stop(self) -> None:
        """Claims nothing more, gives what runs `worker_grace_seconds`, and hands the rest back."""
        self._dispatcher.drain()
        await self._queue.stop()
        await asyncio.gather(*(loop.stop() for loop in self._loops.values()))
        await self._dispatcher.finish(self._settings.worker_grace_seconds)
        await self._lifeline.stop()
        await self._recorder.stop()
        for provider in self._providers.values():
            await provider.close()
        get_logger().info("worker.stopped")

    def _build_dispatcher(
        self, decode_content: DecodeContent, policies: Mapping[Channel, RetryPolicy], rng: Random
    ) -> Dispatcher:
        names = {channel: provider.name for channel, provider in self._providers.items()}
        claimer = Claimer(self._database, names, policies, self._settings.lease_seconds)
        executor = Executor(self._providers, policies, decode_content, self._recorder, rng)
        return Dispatcher(
            claimer.claim,
            executor.execute,
            self._recorder,
            slots=self._settings.worker_concurrency,
            batch=self._settings.worker_batch,
        )

    def _build_loops(self, publisher: ChangePublisher) -> dict[str, Loop]:
        settings, database = self._settings, self._database
        release = ReleaseService(
            database, publisher, self._wake_dispatcher, configured={Channel.IN_APP, *self._providers}
        )
        expire = ExpireService(database, publisher)
        prune = PruneService(
            database,
            request_retention_seconds=settings.idempotency_retention_hours * 3600,
            tombstone_retention_seconds=settings.tombstone_retention_days * 24 * 3600,
        )
        sweep = settings.sweep_seconds
        loops = [
            Loop("dispatcher", sweep, self._dispatcher.dispatch),
            Loop("stager", sweep, _counted("released", lambda: release.release_due(_SCHEDULE_BATCH))),
            Loop("expirer", sweep, _counted("expired", lambda: expire.expire_due(_SCHEDULE_BATCH))),
            Loop("pruner", _PRUNE_SECONDS, _counted("pruned", lambda: prune.prune(_PRUNE_BATCH))),
            Loop("gauge", _MEASURE_SECONDS, self._measure),
        ]
        return {loop.name: loop for loop in loops}

    def _wake_dispatcher(self) -> None:
        self._loops["dispatcher"].wake()

    def _sweep(self) -> None:
        for name in ("dispatcher", "stager", "expirer"):
            self._loops[name].wake()

    async def _extend_leases(self) -> bool:
        held = self._dispatcher.held
        if held:
            await self._database.transaction(
                lambda connection: extend(connection, held, self._settings.lease_seconds)
            )
        return False

    async def _measure(self) -> bool:
        due_count, oldest_seconds = await measure_backlog(self._database, _COUNT_AT_MOST)
        metrics.outbox_due.set(due_count)
        metrics.outbox_age_seconds.set(oldest_seconds)
        return False


def _counted(kind: str, work: Callable[[], Awaitable[Progress]]) -> Callable[[], Awaitable[bool]]:
    async def round_() -> bool:
        progress = await work()
        metrics.scheduled_work.labels(kind).inc(progress.done)
        return progress.more

    return round_
