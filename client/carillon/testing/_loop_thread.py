"""An event loop on a thread of its own, for callers without one."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from typing import Any


class LoopThread:
    """Runs coroutines and functions on its loop, each to its end, until `close`."""

    def __init__(self, name: str) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name=name, daemon=True)
        self._thread.start()

    def run(self, coroutine: Coroutine[Any, Any, None]) -> None:
        """Waits for a coroutine."""
        asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()

    def call(self, action: Callable[[], None]) -> None:
        """Waits for a function."""

        async def act() -> None:
            action()

        self.run(act())

    def close(self) -> None:
        """Ends the loop and its thread."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
