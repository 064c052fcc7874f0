"""Lets the connections of providers go in the background, so that nobody waits for a good-bye."""

from __future__ import annotations

import asyncio

from carillon_server.delivery.routing.guarded_provider import GuardedProvider
from carillon_server.telemetry import get_logger

_CLOSE_SECONDS = 5.0


class Closer:
    """Closes each provider once nothing runs on it."""

    def __init__(self) -> None:
        self._closing: set[asyncio.Task[None]] = set()
        self._waiting: set[GuardedProvider] = set()

    def discard(self, guarded: GuardedProvider) -> None:
        """It gets no more messages."""
        self._waiting.add(guarded)
        guarded.retire(lambda: self._begin(guarded))

    async def finish(self) -> None:
        """Closes all that was discarded, even if something runs on it still."""
        for guarded in list(self._waiting):
            self._begin(guarded)
        while self._closing:
            await asyncio.wait(self._closing)

    def _begin(self, guarded: GuardedProvider) -> None:
        if guarded not in self._waiting:
            return
        self._waiting.discard(guarded)
        task = asyncio.create_task(_close(guarded), name=f"close {guarded.config.name}")
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)


async def _close(guarded: GuardedProvider) -> None:
    try:
        async with asyncio.timeout(_CLOSE_SECONDS):
            await guarded.provider.close()
    except Exception as error:  # noqa: BLE001 - it is given up either way
        get_logger().warning(
            "provider.close_failed", provider=guarded.config.name, error=type(error).__name__
        )
