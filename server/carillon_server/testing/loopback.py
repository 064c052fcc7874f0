"""A server on loopback whose connections are counted and never outlive it."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable
from types import TracebackType
from typing import Self

from carillon_server.testing.certificate import Certificate

_CERTAIN_SECONDS = 5.0


class LoopbackServer(ABC):
    """Listens from entering the context to leaving it. Subclasses say what happens on a connection."""

    protocols: tuple[str, ...] = ("http/1.1",)
    """What TLS offers by ALPN."""

    def __init__(self, *, tls: Certificate | None = None, host: str = "127.0.0.1", port: int = 0) -> None:
        """`port`: 0 means any free one."""
        self._tls = tls
        self._host = host
        self._port = port
        """0 until it is started."""
        self._server: asyncio.Server | None = None
        self._open: dict[asyncio.Task[None], asyncio.StreamWriter] = {}
        self._changed = asyncio.Condition()
        self.connections_made = 0
        """Since the start; a client that keeps its connections makes few."""

    @property
    def port(self) -> int:
        if not self._port:
            raise RuntimeError("not started: use it in `async with`")
        return self._port

    @property
    def host(self) -> str:
        """`127.0.0.1:port`."""
        return f"[{self._host}]:{self.port}" if ":" in self._host else f"{self._host}:{self.port}"

    @property
    def url(self) -> str:
        """`http://127.0.0.1:port`, or https."""
        return f"{'http' if self._tls is None else 'https'}://{self.host}"

    @property
    def open_connections(self) -> int:
        return len(self._open)

    async def __aenter__(self) -> Self:
        context = None if self._tls is None else self._tls.server_context(self.protocols)
        self._server = await asyncio.start_server(self._accept, self._host, self._port, ssl=context)
        self._port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def stop(self) -> None:
        """Nobody is there any more; `url` still tells where it was."""
        if self._server is not None:
            self._server.close()
        for writer in self._open.values():
            writer.transport.abort()
        await asyncio.gather(*self._open, return_exceptions=True)

    async def wait_for_connections(self, count: int, within_seconds: float = _CERTAIN_SECONDS) -> None:
        """Returns when exactly so many are open; raises TimeoutError."""
        await self._wait_until(lambda: len(self._open) == count, within_seconds)

    @abstractmethod
    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, until it ends."""

    async def _wait_until(self, reached: Callable[[], bool], within_seconds: float) -> None:
        async with asyncio.timeout(within_seconds), self._changed:
            await self._changed.wait_for(reached)

    async def _tell(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - streams run this in a task
        self._open[task] = writer
        self.connections_made += 1
        await self._tell()
        try:
            await self.serve(reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            # The client went away, as it may.
            pass
        finally:
            del self._open[task]
            writer.transport.abort()
            await self._tell()
