"""Who makes the attempts of a worker: a dispatcher for each lane, with slots of its own, and one for
suspects, which run alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping
from functools import partial
from random import Random

from carillon_server.config import Settings
from carillon_server.delivery.claim import Assignment, Claimed, Claimer
from carillon_server.delivery.conclusion import Judge
from carillon_server.delivery.dispatcher import Dispatcher
from carillon_server.delivery.executor import DecodeNotification, Executor, LoadAttachments
from carillon_server.delivery.isolation import Isolation
from carillon_server.delivery.queueing import WaitingLines
from carillon_server.delivery.recorder import Recorder
from carillon_server.delivery.routing.route import Routes
from carillon_server.domain.backoff import RetryPolicy
from carillon_server.domain.channel import Channel
from carillon_server.domain.lane import Lane
from carillon_server.storage.database import Database
from carillon_server.storage.deliveries import Claim

_SUSPECTS_AT_ONCE = 10
"""Each has its solitude, one after the other; those that hang go on after it."""


class Crew:
    """All that claims and runs."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        routes: Routes,
        decode_notification: DecodeNotification,
        load_attachments: LoadAttachments,
        *,
        policies: Mapping[Channel, RetryPolicy],
        rng: Random,
        wake: Callable[[Collection[Lane]], None],
    ) -> None:
        self._recorder = Recorder(database, wake)
        judge = Judge(policies, rng)
        self._executor = Executor(routes, judge, decode_notification, self._recorder, load_attachments)
        self._isolation = Isolation(self._running_in_lanes)
        self._claimer = Claimer(database, routes, policies, WaitingLines(rng), wake, settings.lease_seconds)
        slots = {
            Lane.URGENT: settings.worker_urgent_concurrency,
            Lane.BULK: settings.worker_concurrency,
        }
        self._lanes = {
            lane: Dispatcher(
                self.name_of(lane),
                partial(self._claimer.claim, lane),
                self._executor.execute,
                self._recorder,
                self._isolation,
                slots=slots[lane],
                batch=settings.worker_batch,
            )
            for lane in Lane
        }
        self._suspects = Dispatcher(
            "suspects",
            self._claim_suspect,
            self._execute_alone,
            self._recorder,
            self._isolation,
            slots=_SUSPECTS_AT_ONCE,
            batch=1,
        )

    @property
    def dispatchers(self) -> tuple[Dispatcher, ...]:
        """Each is driven by a loop of its name."""
        return (*self._lanes.values(), self._suspects)

    @property
    def held(self) -> list[Claim]:
        """The claims whose leases must be kept."""
        return [claim for dispatcher in self.dispatchers for claim in dispatcher.held]

    @staticmethod
    def name_of(lane: Lane) -> str:
        """Of a lane's dispatcher."""
        return f"dispatcher {lane.name.lower()}"

    def drain(self) -> None:
        """Claims nothing any more."""
        for dispatcher in self.dispatchers:
            dispatcher.drain()

    async def finish(self, grace_seconds: float) -> None:
        """Waits for what runs; what is still running after the grace is handed back."""
        await asyncio.gather(*(dispatcher.finish(grace_seconds) for dispatcher in self.dispatchers))

    async def stop(self) -> None:
        """Gives up what could not be recorded."""
        await self._recorder.stop()

    def _running_in_lanes(self) -> list[asyncio.Task[None]]:
        return [task for dispatcher in self._lanes.values() for task in dispatcher.running]

    async def _claim_suspect(self, limit: int) -> Claimed:
        claimed = await self._claimer.claim_suspects(limit)
        if claimed.assignments:
            self._isolation.shut()
        return claimed

    async def _execute_alone(self, assignment: Assignment) -> None:
        async with self._isolation.alone():
            await self._executor.execute(assignment)
