"""Where requests find a connection.

Over HTTP/1.1 a connection carries one request at a time, so any free one to the same place will do. The pool
of httpcore2 looks at every connection for every request, twice; it is used for HTTP/2, where few connections
carry all.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol, TypeAlias, cast

from httpcore2 import (
    AsyncConnectionPool,
    AsyncHTTP11Connection,
    AsyncNetworkBackend,
    PoolTimeout,
    Request,
    Response,
)

from carillon_server.delivery.providers.http.http_answer import HttpAnswer
from carillon_server.delivery.providers.http.http_kept import KeptConnections, Place

_SENDING = ("http11.send_request_headers.started", "http2.send_request_headers.started")


Read: TypeAlias = Callable[[Response], Awaitable[HttpAnswer]]
"""Reads an answer and closes it."""


class Pool(Protocol):
    """Connections to many places."""

    async def exchange(self, request: Request, sending: Callable[[], None], read: Read) -> HttpAnswer:
        """One request, one answer. `sending` is told before the first byte leaves.

        Raises what httpcore2 raises, and AddressForbiddenError.
        """
        ...

    async def aclose(self) -> None:
        """Lets all connections go."""
        ...


class SharedPool:
    """HTTP/2 where the other side takes it."""

    def __init__(self, pool: AsyncConnectionPool) -> None:
        self._pool = pool

    async def exchange(self, request: Request, sending: Callable[[], None], read: Read) -> HttpAnswer:
        async def watch(event: str, _info: Mapping[str, object]) -> None:
            if event in _SENDING:
                sending()

        request.extensions["trace"] = watch
        return await read(await self._pool.handle_async_request(request))

    async def aclose(self) -> None:
        await self._pool.aclose()


class PlainPool:
    """HTTP/1.1 alone."""

    def __init__(
        self, network: AsyncNetworkBackend, tls: ssl.SSLContext, *, max_connections: int, idle_seconds: float
    ) -> None:
        self._network = network
        self._tls = tls
        self._tls.set_alpn_protocols(["http/1.1"])
        self._max_connections = max_connections
        self._places = asyncio.Semaphore(max_connections)
        self._kept = KeptConnections(idle_seconds)
        self._under_way: set[AsyncHTTP11Connection] = set()
        self._opening = 0
        self._closed = False

    async def exchange(self, request: Request, sending: Callable[[], None], read: Read) -> HttpAnswer:
        await self._enter(_timeout(request, "pool"))
        try:
            connection = await self._find(request)
            self._under_way.add(connection)
            try:
                sending()
                return await read(await connection.handle_async_request(request))
            finally:
                await self._leave(request, connection)
        finally:
            self._places.release()

    async def aclose(self) -> None:
        self._closed = True
        while (kept := self._kept.take_oldest()) is not None:
            await kept.aclose()
        for connection in list(self._under_way):
            await connection.aclose()

    async def _enter(self, timeout: float | None) -> None:
        if not self._places.locked():
            await self._places.acquire()
            return
        try:
            async with asyncio.timeout(timeout):
                await self._places.acquire()
        except TimeoutError as error:
            raise PoolTimeout("no connection became free") from error

    async def _find(self, request: Request) -> AsyncHTTP11Connection:
        for old in self._kept.take_old():
            await old.aclose()
        while (kept := self._kept.take(_place(request))) is not None:
            if not kept.has_expired():
                return kept
            await kept.aclose()
        return await self._open(request)

    async def _open(self, request: Request) -> AsyncHTTP11Connection:
        self._opening += 1
        try:
            if self._opening + len(self._under_way) + len(self._kept) > self._max_connections:
                spare = self._kept.take_oldest()
                if spare is not None:
                    await spare.aclose()
            origin, timeout = request.url.origin, _timeout(request, "connect")
            host = origin.host.decode("ascii")
            stream = await self._network.connect_tcp(host, origin.port, timeout)
            if origin.scheme == b"https":
                stream = await stream.start_tls(self._tls, host, timeout)
            return AsyncHTTP11Connection(origin, stream)
        finally:
            self._opening -= 1

    async def _leave(self, request: Request, connection: AsyncHTTP11Connection) -> None:
        self._under_way.discard(connection)
        if connection.is_idle() and not self._closed:
            self._kept.put(_place(request), connection)
        else:
            await connection.aclose()


def _place(request: Request) -> Place:
    url = request.url
    return url.scheme, url.host, url.origin.port


def _timeout(request: Request, name: str) -> float | None:
    return cast("float | None", request.extensions["timeout"][name])
