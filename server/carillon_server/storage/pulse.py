"""Whether Postgres answers at all.

A Postgres that was stopped, or sits behind a network that swallows everything, says nothing: whoever waits
for it would wait out a limit that was made for slow statements. So a connection that does nothing else asks
for a sign of life twice a second. When none comes in time Postgres counts as away, for everybody at once:
what waits is given up, and nothing is begun until it answers again.

A Postgres that has too much to do still answers this within milliseconds. One that refuses the connection,
as it has too many, is there; those who ask for one are told the reason themselves.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import TypeAlias

import asyncpg

from carillon_server.telemetry import get_logger

Connect: TypeAlias = "Callable[[], Awaitable[asyncpg.Connection[asyncpg.Record]]]"

EVERY_SECONDS = 0.5
ANSWER_SECONDS = 1.0
"""With the pause before it: what waits is given up after one and a half seconds, at most."""
_AGAIN_SECONDS = 0.2
_PARTS = 2
_NOT_UP = (OSError, asyncpg.CannotConnectNowError, asyncpg.PostgresConnectionError)


class Pulse:
    """Feels it in the background."""

    def __init__(self, connect: Connect, on_silence: Callable[[], None]) -> None:
        """`on_silence` is called whenever Postgres went away."""
        self.away = False
        self._connect = connect
        self._on_silence = on_silence
        self._connection: asyncpg.Connection[asyncpg.Record] | None = None
        self._task: asyncio.Task[None] | None = None
        self._stopping = asyncio.Event()

    def start(self) -> None:
        self._task = asyncio.create_task(self._feel(), name="pulse")

    async def stop(self) -> None:
        self._stopping.set()
        if self._task is not None:
            # A connection that is given up while it is made leaves an error behind that nobody takes.
            await asyncio.wait([self._task], timeout=ANSWER_SECONDS)
            self._task.cancel()
            await asyncio.wait([self._task])
        self._drop()

    async def _feel(self) -> None:
        while not self._stopping.is_set():
            if await self._answers():
                self._found()
            else:
                self._missed()
            with suppress(TimeoutError):
                async with asyncio.timeout(_AGAIN_SECONDS if self.away else EVERY_SECONDS):
                    await self._stopping.wait()

    async def _answers(self) -> bool:
        had_one = self._connection is not None
        try:
            await _in_time(self._ask())
        except TimeoutError:
            self._drop()
            return False
        except Exception as error:  # noqa: BLE001 - whatever else it says, it says something
            self._drop()
            # That a connection was lost says nothing yet: another one may be had.
            return await self._answers() if had_one else not isinstance(error, _NOT_UP)
        return True

    async def _ask(self) -> None:
        if self._connection is None:
            self._connection = await self._connect()
        await self._connection.execute("SELECT 1")

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.terminate()

    def _found(self) -> None:
        if self.away:
            get_logger().info("database.back")
        self.away = False

    def _missed(self) -> None:
        if not self.away:
            get_logger().warning("database.away")
            self.away = True
            self._on_silence()


async def _in_time(work: Coroutine[None, None, None]) -> None:
    """Raises `TimeoutError`, but not for an answer that is there and was not seen yet: this process may have
    been held up itself.
    """
    task = asyncio.create_task(work, name="sign of life")
    try:
        for _ in range(_PARTS):
            done, _ = await asyncio.wait([task], timeout=ANSWER_SECONDS / _PARTS)
            if done:
                return task.result()
        raise TimeoutError
    finally:
        if not task.done():
            task.cancel()
            await asyncio.wait([task])
