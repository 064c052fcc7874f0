"""Claims due deliveries and runs them, as many at once as there are slots.

No more is claimed than can start at once: between the question whether a delivery is still wanted and the
provider lies no queue, so an opt-out holds for everything that has not started. `Loop` drives `dispatch`:
after a wake-up, and every now and then in case a wake-up was lost.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress

from carillon_server.delivery import metrics
from carillon_server.delivery.claim import Claimed
from carillon_server.delivery.ending import end_tasks
from carillon_server.delivery.recorder import Recorder
from carillon_server.domain.delivery import DeliveryState
from carillon_server.storage.deliveries import AttemptResult, Claim
from carillon_server.telemetry import get_logger

_GATHER_SECONDS = 0.05
_RELEASE_SECONDS = 5.0


class Dispatcher:
    """Owns the deliveries that this worker holds."""

    def __init__(
        self,
        claim: Callable[[int], Awaitable[Claimed]],
        execute: Callable[[Claim], Awaitable[None]],
        recorder: Recorder,
        *,
        slots: int,
        batch: int,
    ) -> None:
        self._claim = claim
        self._execute = execute
        self._recorder = recorder
        self._slots = slots
        self._batch = batch
        self._running: dict[asyncio.Task[None], Claim] = {}
        self._freed = asyncio.Event()
        self._draining = False

    @property
    def held(self) -> list[Claim]:
        """The claims whose leases must be kept."""
        return list(self._running.values())

    async def dispatch(self) -> bool:
        """One claim. True: it found as many as it had slots for, so more are likely to be due."""
        limit = min(await self._room(), self._batch)
        if self._draining:
            return False
        claimed = await self._claim(limit)
        for claim in claimed.claims:
            self._start(claim)
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
        results = [AttemptResult(c, DeliveryState.RETRYING, "abandoned", delay_seconds=0) for c in claims]
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

    def _start(self, claim: Claim) -> None:
        task = asyncio.create_task(self._guarded(claim), name=f"delivery {claim.id}")
        self._running[task] = claim
        metrics.deliveries_running.set(len(self._running))
        task.add_done_callback(self._finished)

    async def _guarded(self, claim: Claim) -> None:
        try:
            await self._execute(claim)
        except Exception as error:  # noqa: BLE001 - the lease ends by itself; the others go on
            get_logger().error("delivery.failed", delivery_id=str(claim.id), error=type(error).__name__)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._running.pop(task, None)
        metrics.deliveries_running.set(len(self._running))
        self._freed.set()
