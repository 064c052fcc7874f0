"""Claims due deliveries and runs them, as many at once as there are slots.

No more is claimed than can start at once: between the question whether a delivery is still wanted and the
provider lies no queue, so an opt-out holds for everything that has not started. `Loop` drives `dispatch`:
after a wake-up, and every now and then in case a wake-up was lost.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import nullcontext, suppress

from carillon_server.delivery import metrics
from carillon_server.delivery.claim import Assignment, Claimed
from carillon_server.delivery.conclusion import hand_back
from carillon_server.delivery.ending import end_tasks
from carillon_server.delivery.isolation import Isolation
from carillon_server.delivery.recorder import Recorder
from carillon_server.storage.deliveries import Claim
from carillon_server.telemetry import get_logger

_GATHER_SECONDS = 0.05
_RELEASE_SECONDS = 5.0


class Dispatcher:
    """Owns the deliveries of one lane that this worker holds."""

    def __init__(
        self,
        name: str,
        claim: Callable[[int], Awaitable[Claimed]],
        execute: Callable[[Assignment], Awaitable[None]],
        recorder: Recorder,
        isolation: Isolation | None = None,
        *,
        slots: int,
        batch: int,
    ) -> None:
        """`isolation`: whose gate every claim passes; None: none."""
        self.name = name
        self._claim = claim
        self._execute = execute
        self._recorder = recorder
        self._isolation = isolation
        self._slots = slots
        self._batch = batch
        self._running: dict[asyncio.Task[None], Claim] = {}
        self._freed = asyncio.Event()
        self._draining = False

    @property
    def held(self) -> list[Claim]:
        """The claims whose leases must be kept."""
        return list(self._running.values())

    @property
    def running(self) -> list[asyncio.Task[None]]:
        """Attempts under way."""
        return list(self._running)

    async def dispatch(self) -> bool:
        """One claim. True: it found as many as it had slots for, so more are likely to be due."""
        limit = min(await self._room(), self._batch)
        async with self._isolation.claiming() if self._isolation else nullcontext():
            if self._draining:
                return False
            claimed = await self._claim(limit)
            for assignment in claimed.assignments:
                self._start(assignment)
        if claimed.found:
            metrics.claimed_deliveries.observe(claimed.found)
        return claimed.found == limit

    def drain(self) -> None:
        """Claims nothing any more."""
        self._draining = True
        self._freed.set()

    async def finish(self, grace_seconds: float) -> None:
        """Waits for what runs; what is still running after the grace is handed back to other workers."""
        if self._running:
            await asyncio.wait(self._running, timeout=grace_seconds)
        abandoned = dict(self._running)
        if abandoned:
            await end_tasks(abandoned)
            await self._hand_back(list(abandoned.values()))

    async def _hand_back(self, claims: list[Claim]) -> None:
        get_logger().warning("worker.abandoned", deliveries=len(claims))
        results = [hand_back(claim) for claim in claims]
        with suppress(TimeoutError):  # their leases end by themselves
            async with asyncio.timeout(_RELEASE_SECONDS):
                await asyncio.gather(*(self._recorder.record(result) for result in results))

    async def _room(self) -> int:
        """Waits for a free slot; under load for a quarter of them, so that claims stay worth their
        transaction.
        """
        worthwhile = max(1, self._slots // 4)
        deadline = time.monotonic() + _GATHER_SECONDS
        while not self._draining and self._free < worthwhile:
            patience = deadline - time.monotonic()
            if self._free and patience <= 0:
                break
            self._freed.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(patience if self._free else None):
                    await self._freed.wait()
        return self._free

    @property
    def _free(self) -> int:
        return self._slots - len(self._running)

    def _start(self, assignment: Assignment) -> None:
        claim = assignment.claim
        task = asyncio.create_task(self._guarded(assignment), name=f"delivery {claim.id}")
        self._running[task] = claim
        self._count()
        task.add_done_callback(self._finished)

    async def _guarded(self, assignment: Assignment) -> None:
        try:
            await self._execute(assignment)
        except Exception as error:  # noqa: BLE001 - the lease ends by itself; the others go on
            name = str(assignment.claim.id)
            get_logger().error("delivery.failed", delivery_id=name, error=type(error).__name__)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._running.pop(task, None)
        self._count()
        self._freed.set()

    def _count(self) -> None:
        metrics.deliveries_running.labels(self.name).set(len(self._running))
