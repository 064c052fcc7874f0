"""Connections that lead to checked addresses only."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from httpcore2 import (
    SOCKET_OPTION,
    AsyncNetworkBackend,
    AsyncNetworkStream,
    ConnectError,
    ConnectTimeout,
)

from carillon_server.delivery.providers.http.egress import Egress
from carillon_server.delivery.providers.http.http_stream import Stream


class CheckedBackend(AsyncNetworkBackend):
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
                return await self._connect_any(host, port, timeout)
        except TimeoutError as error:
            raise ConnectTimeout("too slow to connect") from error

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def _connect_any(self, host: str, port: int, timeout: float | None) -> Stream:
        try:
            addresses = await self._egress.resolve(host, port)
        except OSError as error:
            raise ConnectError("the name cannot be resolved") from error
        share = None if timeout is None else timeout / len(addresses)
        failed: ConnectError | ConnectTimeout = ConnectError("no address")
        for address in addresses:
            try:
                return await _connect(address, port, share)
            except (ConnectError, ConnectTimeout) as error:
                failed = error
        raise failed


async def _connect(address: str, port: int, timeout: float | None) -> Stream:
    try:
        async with asyncio.timeout(timeout):
            _, stream = await asyncio.get_running_loop().create_connection(Stream, address, port)
    except TimeoutError as error:
        raise ConnectTimeout("too slow to connect") from error
    except OSError as error:
        raise ConnectError(error) from error
    return stream
