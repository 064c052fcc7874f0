"""One connection of the HTTP client, straight on the event loop.

The stream that httpcore2 brings is made for any loop, and pays for that with every read and write: together
they took longer than reading and writing HTTP. What is written before the loop turns leaves in one packet.
"""

from __future__ import annotations

import asyncio
import select
import ssl
from typing import Any, cast

from httpcore2 import (
    AsyncNetworkStream,
    ConnectError,
    ConnectTimeout,
    ReadError,
    ReadTimeout,
    WriteError,
    WriteTimeout,
)

_MAX_UNREAD_BYTES = 128 * 1024
"""The other side has to wait when so much of what it said was not read."""
_LOOP_NAMES = {"client_addr": "sockname", "server_addr": "peername"}


class Stream(asyncio.Protocol, AsyncNetworkStream):
    """A connection, with TLS or without. One task may read and one may write at a time."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._received = bytearray()
        self._ended = False
        self._failure: Exception | None = None
        self._full = False
        self._changed: asyncio.Future[None] | None = None
        """Of a reader that waits for bytes or their end."""
        self._drained: asyncio.Future[None] | None = None
        """Of a writer that waits until there is room, or will be none."""

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Empty at the end. Raises ReadError, ReadTimeout."""
        if not self._received and not self._ended:
            self._changed = asyncio.get_running_loop().create_future()
            try:
                await _within(self._changed, timeout, ReadTimeout)
            finally:
                self._changed = None
        if not self._received and self._failure is not None:
            raise ReadError(self._failure) from self._failure
        part = bytes(self._received[:max_bytes])
        del self._received[:max_bytes]
        if self._full and not self._received:
            self._full = False
            self._living().resume_reading()
        return part

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Returns when the rest is little enough to be kept. Raises WriteError, WriteTimeout."""
        if self._failure is not None or self._living().is_closing():
            raise WriteError(self._failure) from self._failure
        self._living().write(buffer)
        if self._drained is not None:
            await _within(asyncio.shield(self._drained), timeout, WriteTimeout)
            if self._failure is not None:
                raise WriteError(self._failure) from self._failure

    async def aclose(self) -> None:
        """At once, whatever the other side does."""
        self._living().abort()
        # The socket is let go in the loop's next turn.
        await asyncio.sleep(0)

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> AsyncNetworkStream:
        """Raises ConnectError, ConnectTimeout; the connection is closed then, and where it is cancelled."""
        plain = self._living()
        try:
            # What was said in the clear must never be taken for something that TLS protected.
            if self._received or self._ended:
                raise ConnectError("the other side does not wait for TLS")
            async with asyncio.timeout(timeout):
                self._transport = await asyncio.get_running_loop().start_tls(
                    plain, self, ssl_context, server_hostname=server_hostname
                )
        except BaseException as error:
            plain.abort()
            if isinstance(error, TimeoutError):
                raise ConnectTimeout("no TLS in time") from error
            if isinstance(error, OSError):  # ssl.SSLError too
                raise ConnectError(error) from error
            raise
        return self

    def get_extra_info(self, info: str) -> Any:
        if info == "is_readable":
            return self._is_readable()
        return self._living().get_extra_info(_LOOP_NAMES.get(info, info))

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._received += data
        if len(self._received) > _MAX_UNREAD_BYTES and not self._full:
            self._full = True
            self._living().pause_reading()
        _wake(self._changed)

    def eof_received(self) -> None:
        self._ended = True
        _wake(self._changed)

    def connection_lost(self, exc: Exception | None) -> None:
        self._ended = True
        self._failure = exc or self._failure
        _wake(self._changed)
        self.resume_writing()

    def pause_writing(self) -> None:
        self._drained = asyncio.get_running_loop().create_future()

    def resume_writing(self) -> None:
        _wake(self._drained)
        self._drained = None

    def _is_readable(self) -> bool:
        """Of an idle connection: it was closed, or said what nobody asked for."""
        if self._received or self._ended or self._living().is_closing():
            return True
        # What came since the loop last looked.
        poll = select.poll()
        poll.register(self._living().get_extra_info("socket").fileno(), select.POLLIN)
        return bool(poll.poll(0))

    def _living(self) -> asyncio.Transport:
        if self._transport is None:
            raise ConnectError("not connected yet")
        return self._transport


async def _within(
    future: asyncio.Future[None], timeout: float | None, error: type[ReadTimeout | WriteTimeout]
) -> None:
    """A timer alone: cheaper than a block, and there is one for every answer."""
    if timeout is None:
        return await future
    timer = asyncio.get_running_loop().call_later(timeout, _expire, future, error)
    try:
        await future
    finally:
        timer.cancel()


def _expire(future: asyncio.Future[None], error: type[Exception]) -> None:
    if not future.done():
        future.set_exception(error("too slow"))


def _wake(future: asyncio.Future[None] | None) -> None:
    if future is not None and not future.done():
        future.set_result(None)
