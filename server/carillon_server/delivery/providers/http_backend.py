"""Connections that lead to checked addresses only."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterable
from typing import Any

from anyio import CancelScope
from httpcore2 import SOCKET_OPTION, AnyIOBackend, AsyncNetworkStream, ConnectError, ConnectTimeout

from carillon_server.delivery.providers.egress import Egress


class CheckedBackend(AnyIOBackend):
    """The network as the HTTP client sees it. TLS still asks for the certificate of the name."""

    def __init__(self, egress: Egress) -> None:
        self._egress = egress

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
    ) -> AsyncNetworkStream:
        """Tries one address after the other, each for its share of the time that is left.

        Raises AddressForbiddenError, before any packet is sent.
        """
        try:
            async with asyncio.timeout(timeout):
                return _Plain(await self._connect_any(host, port, timeout, socket_options))
        except TimeoutError as error:
            raise ConnectTimeout("too slow to connect") from error

    async def _connect_any(
        self, host: str, port: int, timeout: float | None, socket_options: Iterable[SOCKET_OPTION] | None
    ) -> AsyncNetworkStream:
        try:
            addresses = await self._egress.resolve(host, port)
        except OSError as error:
            raise ConnectError("the name cannot be resolved") from error
        share = None if timeout is None else timeout / len(addresses)
        failed: ConnectError | ConnectTimeout = ConnectError("no address")
        for address in addresses:
            try:
                return await super().connect_tcp(address, port, timeout=share, socket_options=socket_options)
            except (ConnectError, ConnectTimeout) as error:
                failed = error
        raise failed


class _Plain(AsyncNetworkStream):
    """A connection without TLS, or before it. httpcore2 forgets one whose handshake is cancelled, and its
    socket would stay open; this one is closed.
    """

    def __init__(self, stream: AsyncNetworkStream) -> None:
        self._stream = stream

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return await self._stream.read(max_bytes, timeout)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        await self._stream.write(buffer, timeout)

    async def aclose(self) -> None:
        await self._stream.aclose()

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> AsyncNetworkStream:
        try:
            return await self._stream.start_tls(ssl_context, server_hostname, timeout)
        except BaseException:
            with CancelScope(shield=True):
                await self._stream.aclose()
            raise

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)
