"""A server's end of the line to its supervisor."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from prometheus_client import REGISTRY

from carillon_server.processes import snapshot
from carillon_server.processes.line import MAX_LINE_BYTES, READY, TELL_METRICS


class Attendance:
    """Tells the supervisor what it wants to know. It answers on the event loop: one that hangs is silent."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self._writer = writer

    def tell_ready(self) -> None:
        """The server takes calls."""
        self._writer.write(READY)

    def tell_metrics(self) -> None:
        """What the metrics say now."""
        self._writer.write(snapshot.write(snapshot.take(REGISTRY.collect())).encode() + b"\n")

    async def answer(self, reader: asyncio.StreamReader) -> None:
        """Answers until the line ends: then the supervisor is gone, and this process ends too."""
        # Killed with something unread it leaves an error instead of an end.
        with suppress(OSError):
            while line := await reader.readline():
                if line == TELL_METRICS:
                    self.tell_metrics()
        os.kill(os.getpid(), signal.SIGTERM)

    async def leave(self) -> None:
        """The last words."""
        with suppress(OSError):
            self.tell_metrics()
            await self._writer.drain()
            self._writer.close()
            await self._writer.wait_closed()


@asynccontextmanager
async def attending(descriptor: int) -> AsyncIterator[Attendance]:
    """Holds the line, an open socket, while the context is open."""
    # Processes that this one starts must not keep the line open after it.
    os.set_inheritable(descriptor, False)
    reader, writer = await asyncio.open_connection(
        sock=socket.socket(fileno=descriptor), limit=MAX_LINE_BYTES
    )
    attendance = Attendance(writer)
    answering = asyncio.create_task(attendance.answer(reader), name="attendance")
    try:
        yield attendance
    finally:
        answering.cancel()
        await asyncio.wait([answering])
        await attendance.leave()
