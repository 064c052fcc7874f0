"""Threads for calls that cannot be stopped.

A thread that hangs keeps its place until the call returns by itself, so calls that hang can take all places,
but never more, and nothing else in the process waits for them. The threads are daemons: they hold up no
process that ends.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from threading import Thread
from typing import TypeVar

T = TypeVar("T")


class BoundedThreads:
    """At most so many calls at once, those that were given up included."""

    def __init__(self, name: str, places: int) -> None:
        self._name = name
        self._places = asyncio.Semaphore(places)

    async def run(self, call: Callable[[], T], timeout_seconds: float) -> T:
        """What the call returns or raises. Raises TimeoutError when it takes longer, waiting for a place
        included.
        """
        async with asyncio.timeout(timeout_seconds):
            await self._places.acquire()
            return await self._start(call)

    def _start(self, call: Callable[[], T]) -> asyncio.Future[T]:
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[T] = loop.create_future()

        def finish(result: T | None, error: BaseException | None) -> None:
            self._places.release()
            if answer.done():
                return
            if error is not None:
                answer.set_exception(error)
            else:
                answer.set_result(result)  # type: ignore[arg-type]  # a result, where there is no error

        def work() -> None:
            result, error = None, None
            try:
                result = call()
            except BaseException as failure:  # noqa: BLE001 - told to whoever waits
                error = failure
            with suppress(RuntimeError):  # the loop has ended, and with it everybody who waits
                loop.call_soon_threadsafe(finish, result, error)

        Thread(target=work, name=self._name, daemon=True).start()
        return answer
