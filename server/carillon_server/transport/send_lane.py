"""The bulk lane: many sends under way at once, answers in the order of the requests.

Reading goes ahead of answering by a bounded window, in items and in bytes. When it is full, because the
database is slow or the caller does not take its answers, nothing more is read, gRPC's flow control fills up,
and the caller waits. Memory does not grow with either.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TypeAlias

from carillon.v1 import notification_service_pb2 as pb
from carillon_server.domain.errors import Refusal, Unavailable
from carillon_server.transport.encode_sends import encode_stream_response
from carillon_server.transport.status import to_status
from carillon_server.transport.submission import Outcome

MAX_ITEMS_AHEAD = 256
MAX_BYTES_AHEAD = 8 * 1024 * 1024

Submit: TypeAlias = Callable[[pb.SendRequest], Awaitable[Outcome]]
Requests: TypeAlias = AsyncIterator[pb.SendStreamRequest | Refusal]


class SendLane:
    """One SendStream call."""

    def __init__(self, requests: Requests, submit: Submit, draining: asyncio.Event) -> None:
        self._requests = requests
        self._submit = submit
        self._draining = draining
        self._under_way: deque[tuple[asyncio.Task[Outcome], int]] = deque()
        self._bytes_ahead = 0
        self._room = asyncio.Event()
        self._arrived = asyncio.Event()

    async def answers(self) -> AsyncIterator[bytes]:
        """The answers in order; ends when the requests have ended and all are answered.

        When the server drains, what was read is answered, then `Unavailable` is raised: the caller sends the
        rest elsewhere.
        """
        reader = asyncio.create_task(self._read(), name="send-lane-reader")
        reader.add_done_callback(lambda _: self._arrived.set())
        drain = asyncio.create_task(self._draining.wait(), name="send-lane-drain")
        drain.add_done_callback(lambda _: reader.cancel())
        try:
            index = 0
            while await self._has_next(reader):
                yield encode_stream_response(index, await self._take())
                index += 1
            if self._draining.is_set():
                raise Unavailable("the server is stopping")
            await reader
        finally:
            await _end(reader, drain, *(task for task, _ in self._under_way))

    async def _read(self) -> None:
        async for request in self._requests:
            size = request.ByteSize() if isinstance(request, pb.SendStreamRequest) else 0
            task = asyncio.create_task(self._outcome(request), name="send-lane-item")
            self._under_way.append((task, size))
            self._bytes_ahead += size
            self._arrived.set()
            while len(self._under_way) >= MAX_ITEMS_AHEAD or self._bytes_ahead >= MAX_BYTES_AHEAD:
                self._room.clear()
                await self._room.wait()

    async def _outcome(self, request: pb.SendStreamRequest | Refusal) -> Outcome:
        if isinstance(request, Refusal):
            return to_status(request)
        return await self._submit(request.request)

    async def _has_next(self, reader: asyncio.Task[None]) -> bool:
        while not self._under_way:
            if reader.done():
                return False
            self._arrived.clear()
            await self._arrived.wait()
        return True

    async def _take(self) -> Outcome:
        task, size = self._under_way[0]
        outcome = await task
        self._under_way.popleft()
        self._bytes_ahead -= size
        self._room.set()
        return outcome


async def _end(*tasks: asyncio.Task[object]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
