"""A TCP proxy that does to connections what networks do to them."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from types import TracebackType
from typing import Self

_CHUNK_BYTES = 16 * 1024
_ABORT_ON_CLOSE = struct.pack("ii", 1, 0)


class Link:
    """One connection through the proxy: both its ends, and what may still pass."""

    def __init__(self, near: asyncio.StreamWriter, far: asyncio.StreamWriter) -> None:
        self.near, self.far = near, far
        self.flowing = {near: asyncio.Event(), far: asyncio.Event()}
        self.bytes_left_to_near: int | None = None
        self.resume()

    def block(self) -> None:
        for flowing in self.flowing.values():
            flowing.clear()

    def resume(self) -> None:
        for flowing in self.flowing.values():
            flowing.set()

    def reset(self) -> None:
        """Ends both connections with RST, so that nothing buffered still arrives."""
        for writer in (self.near, self.far):
            sock: socket.socket | None = writer.get_extra_info("socket")
            if sock is not None:
                with contextlib.suppress(OSError):
                    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _ABORT_ON_CLOSE)
            writer.transport.abort()
        self.resume()


class FaultProxy:
    """Forwards to an upstream, until told otherwise.

    * `cut` resets every connection; `cut_after` lets so many more bytes reach the callers first, which ends a
      connection in the middle of a frame;
    * `black_hole` keeps connections open but lets nothing pass, without a word to either side: those that are
      open, or those to come too; `hold_answers` lets requests pass;
    * `refuse` turns new connections away.

    `heal` forwards new connections again. Those in a black hole stay there: a lost packet does not come back.
    """

    def __init__(self, upstream: str) -> None:
        host, _, port = upstream.rpartition(":")
        self._upstream = (host, int(port))
        self._links: set[Link] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self._refusing = False
        self._swallowing = False
        self.connection_count = 0
        """Connections accepted so far."""
        self.bytes_to_upstream = 0

    @property
    def target(self) -> str:
        """Where to connect instead of the upstream."""
        if self._server is None:
            raise RuntimeError("the proxy is not running")
        port: int = self._server.sockets[0].getsockname()[1]
        return f"127.0.0.1:{port}"

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
        self.cut()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    def cut(self) -> None:
        for link in list(self._links):
            link.reset()

    def cut_after(self, byte_count: int) -> None:
        for link in self._links:
            link.bytes_left_to_near = byte_count

    def black_hole(self, *, new_connections: bool = False) -> None:
        self._swallowing = new_connections
        for link in self._links:
            link.block()

    def hold_answers(self) -> None:
        for link in self._links:
            link.flowing[link.near].clear()

    def refuse(self) -> None:
        self._refusing = True

    def heal(self) -> None:
        self._refusing = self._swallowing = False

    def pass_to_upstream(self, link: Link, chunk: bytes) -> bytes:
        """What is forwarded of what came over a connection; for proxies that change it."""
        return chunk

    def _accept(self, reader: asyncio.StreamReader, near: asyncio.StreamWriter) -> None:
        if self._refusing:
            near.transport.abort()
            return
        self.connection_count += 1
        task = asyncio.ensure_future(self._connect(reader, near))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _connect(self, reader: asyncio.StreamReader, near: asyncio.StreamWriter) -> None:
        try:
            far_reader, far = await asyncio.open_connection(*self._upstream)
        except OSError:
            near.transport.abort()
            return
        link = Link(near, far)
        self._links.add(link)
        if self._swallowing:
            link.block()
        await self._forward(link, reader, far_reader)

    async def _forward(
        self, link: Link, near_reader: asyncio.StreamReader, far_reader: asyncio.StreamReader
    ) -> None:
        pumps = [
            asyncio.ensure_future(self._pump(link, near_reader, link.far)),
            asyncio.ensure_future(self._pump(link, far_reader, link.near)),
        ]
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._links.discard(link)
            link.reset()
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)

    async def _pump(self, link: Link, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while chunk := await reader.read(_CHUNK_BYTES):
                await link.flowing[writer].wait()
                if writer is link.near and link.bytes_left_to_near is not None:
                    chunk = chunk[: link.bytes_left_to_near]
                    link.bytes_left_to_near -= len(chunk)
                if writer is link.far:
                    chunk = self.pass_to_upstream(link, chunk)
                    self.bytes_to_upstream += len(chunk)
                writer.write(chunk)
                await writer.drain()
                if link.bytes_left_to_near == 0:
                    return
