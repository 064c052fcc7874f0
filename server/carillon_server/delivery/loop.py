"""The one protocol of everything that runs in the background of a worker: start, stop, and a loop between."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Awaitable, Callable
from contextlib import suppress

from carillon_server.delivery import metrics
from carillon_server.delivery.ending import end_tasks
from carillon_server.domain.errors import Refusal
from carillon_server.telemetry import get_logger

_LONGEST_ROUND_SECONDS = 30.0


class Loop:
    """Does rounds of bounded work until none is left, then waits for a wake-up or its time.

    A round returns whether more is likely to be waiting. One that fails is logged and repeated at the next
    time: nothing that a round meets ends the loop. Stopping lets the round finish.
    """

    def __init__(self, name: str, every_seconds: float, round_: Callable[[], Awaitable[bool]]) -> None:
        self.name = name
        self._every_seconds = every_seconds
        self._round = round_
        self._woken = asyncio.Event()
        self._stopping = False
        self._task: asyncio.Task[None] | None = None

    def wake(self) -> None:
        """Starts a round now, or right after the one under way."""
        self._woken.set()

    async def start(self) -> None:
        self._task = asyncio.create_task(self._loop(), name=self.name)

    async def stop(self) -> None:
        """Waits for the round under way; one that hangs is cancelled."""
        self._stopping = True
        self._woken.set()
        if self._task is None:
            return
        _, pending = await asyncio.wait([self._task], timeout=_LONGEST_ROUND_SECONDS)
        await end_tasks(pending)

    async def _loop(self) -> None:
        while not self._stopping:
            self._woken.clear()
            if not await self._guarded_round():
                await self._wait()

    async def _guarded_round(self) -> bool:
        try:
            return await self._round()
        except Refusal as refusal:
            get_logger().warning("loop.refused", loop=self.name, reason=refusal.reason)
        except Exception as error:  # noqa: BLE001 - a fault of one round must not end the loop
            # The text of an exception may quote what was being delivered; its place in the code does not.
            place = traceback.format_tb(error.__traceback__)
            get_logger().error("loop.failed", loop=self.name, error=type(error).__name__, place=place)
        metrics.loop_failures.labels(self.name).inc()
        return False

    async def _wait(self) -> None:
        if self._stopping:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(self._every_seconds):
                await self._woken.wait()
