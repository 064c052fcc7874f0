"""The bulk lane: what has arrived is sent together, and answered in the order of the requests.

Idle, a request is sent at once; while it is under way others arrive, and go together as the next batch. One
batch is under way at a time, so what a caller sends to one inbox is there in the order of the stream.

Reading goes ahead of answering by a bounded window, in items and in bytes. When it is full, because the
database is slow or the caller does not take its answers, nothing more is read, gRPC's flow control fills up,
and the caller waits. Memory does not grow with either.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import TypeAlias

from carillon.v1 import notification_service_pb2 as pb
from carillon_server.domain.errors import Refusal, Unavailable
from carillon_server.transport.encode_sends import encode_stream_response
from carillon_server.transport.status import to_status
from carillon_server.transport.submission import Outcome

MAX_ITEMS_AHEAD = 512
MAX_BYTES_AHEAD = 8 * 1024 * 1024
# Half of the window: while one half is being written, the other is read and answered.
_MAX_BATCH = MAX_ITEMS_AHEAD // 2

Submit: TypeAlias = Callable[[Sequence[pb.SendRequest]], Awaitable[Sequence[Outcome]]]
Item: TypeAlias = pb.SendStreamRequest | Refusal


class SendLane:
    """One SendStream call."""

    def __init__(self, requests: AsyncIterator[Item], submit: Submit, draining: asyncio.Event) -> None:
        self._requests = requests
        self._submit = submit
        self._draining = draining
        self._waiting: deque[Item] = deque()
        self._arrived = asyncio.Event()
        self._settled: asyncio.Queue[Sequence[Outcome]] = asyncio.Queue()
        """One entry a batch; an empty one is the end."""
        self._sizes: deque[int] = deque()
        """Of all that is read and not answered yet."""
        self._bytes_ahead = 0
        self._room = asyncio.Event()

    async def answers(self) -> AsyncIterator[bytes]:
        """The answers in order; ends when the requests have ended and all are answered.

        When the server drains, what was read is answered, then `Unavailable` is raised: the caller sends the
        rest elsewhere.
        """
        reader = asyncio.create_task(self._read(), name="send-lane-reader")
        sender = asyncio.create_task(self._send(reader), name="send-lane-sender")
        drain = asyncio.create_task(self._draining.wait(), name="send-lane-drain")
        reader.add_done_callback(lambda _: self._arrived.set())
        sender.add_done_callback(lambda _: self._settled.put_nowait(()))
        drain.add_done_callback(lambda _: reader.cancel())
        try:
            index = 0
            while outcomes := await self._settled.get():
                for outcome in outcomes:
                    yield encode_stream_response(index, outcome)
                    index += 1
                    self._leave()
            await sender
            if self._draining.is_set():
                raise Unavailable("the server is stopping")
            await reader
        finally:
            await _end(reader, sender, drain)

    async def _read(self) -> None:
        async for item in self._requests:
            size = item.ByteSize() if isinstance(item, pb.SendStreamRequest) else 0
            self._waiting.append(item)
            self._sizes.append(size)
            self._bytes_ahead += size
            self._arrived.set()
            while len(self._sizes) >= MAX_ITEMS_AHEAD or self._bytes_ahead >= MAX_BYTES_AHEAD:
                self._room.clear()
                await self._room.wait()

    def _leave(self) -> None:
        """One item is answered."""
        self._bytes_ahead -= self._sizes.popleft()
        self._room.set()

    async def _send(self, reader: asyncio.Task[None]) -> None:
        while self._waiting or not reader.done():
            if self._waiting:
                size = min(len(self._waiting), _MAX_BATCH)
                self._settled.put_nowait(await self._outcomes([self._waiting.popleft() for _ in range(size)]))
            else:
                self._arrived.clear()
                await self._arrived.wait()

    async def _outcomes(self, batch: Sequence[Item]) -> Sequence[Outcome]:
        readable = [item.request for item in batch if not isinstance(item, Refusal)]
        outcomes = iter(await self._submit(readable))
        return [to_status(item) if isinstance(item, Refusal) else next(outcomes) for item in batch]


async def _end(*tasks: asyncio.Task[None] | asyncio.Task[bool]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
