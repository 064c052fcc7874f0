"""Clients that repeat a call until it is answered, each time at the next server."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Self, TypeVar

from carillon import AsyncClient
from carillon.errors import DeadlineExceededError, OverloadedError, UnavailableError
from tests.faults.installation import Installation

Answer = TypeVar("Answer")
FOR_THE_MOMENT = (UnavailableError, DeadlineExceededError, OverloadedError)
_PAUSE_SECONDS = 0.05


class Callers:
    """One subject with some scopes, at every server, or at these addresses of the servers."""

    def __init__(
        self, installation: Installation, subject: str, *scopes: str, addresses: Sequence[str] = ()
    ) -> None:
        addresses = addresses or [installation.address(n) for n in range(len(installation.servers))]
        self._open = [installation.client_at(address, subject, *scopes) for address in addresses]
        self._stack = AsyncExitStack()
        self.clients: Sequence[AsyncClient] = self._open
        self.failures = 0
        """Calls that had to be repeated."""

    async def __aenter__(self) -> Self:
        for client in self._open:
            await self._stack.enter_async_context(client)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    async def answer(self, call: Callable[[AsyncClient], Awaitable[Answer]], *, first: int = 0) -> Answer:
        """What the first server that answers says. Anything but "not now" is raised."""
        for attempt in itertools.count(first):
            try:
                return await call(self.clients[attempt % len(self.clients)])
            except FOR_THE_MOMENT:
                self.failures += 1
                await asyncio.sleep(_PAUSE_SECONDS)
        raise AssertionError("there is always another attempt")


async def in_flight(works: Iterable[Awaitable[object]], limit: int) -> None:
    """Does all of it, so many at a time; the first failure ends it."""
    waiting = iter(works)

    async def hand() -> None:
        for work in waiting:
            await work

    async with asyncio.TaskGroup() as group:
        for _ in range(limit):
            group.create_task(hand())
