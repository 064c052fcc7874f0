"""Writes results of attempts: those that arrive while a write is under way go into the next one together."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection

from carillon_server.delivery.ending import end_tasks
from carillon_server.domain.errors import Refusal
from carillon_server.domain.lane import Lane
from carillon_server.storage.database import Connection, Database
from carillon_server.storage.results import AttemptResult, Recorded, record
from carillon_server.telemetry import get_logger

_MAX_BATCH = 500
_PAUSE_SECONDS = 0.5


class Recorder:
    """Records results in groups.

    While Postgres is away it keeps trying: a result that is lost is a delivery that is repeated.
    """

    def __init__(self, database: Database, wake: Callable[[Collection[Lane]], None]) -> None:
        """`wake` is told of lanes in which a result made something due."""
        self._database = database
        self._wake = wake
        self._waiting: list[tuple[AttemptResult, asyncio.Future[bool]]] = []
        self._writer: asyncio.Task[None] | None = None

    async def record(self, result: AttemptResult) -> bool:
        """Returns when it is committed. False: the claim no longer held, nothing was written."""
        done: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.append((result, done))
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write_all(), name="recorder")
        return await done

    async def stop(self) -> None:
        """Gives up what could not be written."""
        if self._writer is not None:
            await end_tasks([self._writer])

    async def _write_all(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[:_MAX_BATCH], self._waiting[_MAX_BATCH:]
            try:
                await self._write(batch)
            except Refusal as refusal:
                get_logger().warning("recorder.refused", reason=refusal.reason, results=len(batch))
                self._waiting = batch + self._waiting
                await asyncio.sleep(_PAUSE_SECONDS)
            except Exception as error:  # noqa: BLE001 - told to those who wait for it
                for _, done in batch:
                    if not done.done():
                        done.set_exception(error)

    async def _write(self, batch: list[tuple[AttemptResult, asyncio.Future[bool]]]) -> None:
        results = [result for result, _ in batch]

        async def work(connection: Connection) -> Recorded:
            return await record(connection, results)

        recorded = await self._database.transaction(work)
        again = {result.claim.lane for result in results if result.delay_seconds == 0}
        if due := recorded.called_up | again:
            self._wake(due)
        for result, done in batch:
            if not done.done():
                done.set_result(result.claim.id in recorded.ids)
