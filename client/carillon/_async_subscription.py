"""A live inbox that never lets go, for asyncio."""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import grpc

from carillon._async_connection import AsyncConnection, closed_meanwhile, task_is_cancelled, translated
from carillon._options import CallOptions
from carillon._pool import Lease
from carillon._resume import Pause, Resumption, SilentStreamError
from carillon.errors import CarillonError, UnavailableError
from carillon.v1.notification_service_pb2 import SubscribeRequest, SubscribeResponse

_logger = logging.getLogger("carillon")


@dataclass(frozen=True, slots=True)
class _Stream:
    """One connected stream, the place that it takes, and what it was opened with."""

    call: grpc.aio.UnaryStreamCall[SubscribeRequest, SubscribeResponse]
    lease: Lease[grpc.aio.Channel]
    token: str | None


class AsyncSubscription:
    """The events of an inbox, in order, each once, across lost connections and restarts of the service.

    Use it as a context manager and iterate over it; leaving the context ends the stream. Only one task may
    iterate at a time. A task that is cancelled while it waits misses nothing: the next one to iterate goes
    on where it stood.
    """

    def __init__(self, connection: AsyncConnection, options: CallOptions, resumption: Resumption) -> None:
        self._connection = connection
        self._options = options
        self._resumption = resumption
        self._stream: _Stream | None = None
        self._closed = asyncio.Event()

    @property
    def cursor(self) -> str:
        """Where it stands: that of the last event handed over. Keep it to go on there in another process."""
        return self._resumption.cursor

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> SubscribeResponse:
        """Waits for the next event. Raises a `CarillonError` where connecting again cannot help."""
        while not self._closed.is_set():
            outcome = await self._step()
            if isinstance(outcome, SubscribeResponse):
                return outcome
            if outcome is not None:
                await self._wait(outcome)
        raise StopAsyncIteration

    async def aclose(self) -> None:
        """Ends the stream, and an iteration that is under way."""
        self._closed.set()
        await self._drop_stream()

    async def _step(self) -> SubscribeResponse | Pause | None:
        reset = self._resumption.pending()
        if reset is not None:
            return reset
        stream = self._stream or await self._connect()
        try:
            message = await self._read(stream)
        except CarillonError as error:
            return self._resumption.fail(error, time.monotonic())
        return None if message is None else self._resumption.receive(message, time.monotonic())

    async def _connect(self) -> _Stream:
        token = await self._connection.tokens.current()
        lease = self._connection.pool.acquire()
        request = self._resumption.start(time.monotonic())
        call = self._connection.subscribe(lease, request, self._options.metadata(token))
        self._stream = _Stream(call, lease, token)
        return self._stream

    async def _read(self, stream: _Stream) -> SubscribeResponse | None:
        """The next message; None if the subscription was closed meanwhile."""
        try:
            async with asyncio.timeout(self._resumption.silence_seconds):
                message = await stream.call.read()
        except TimeoutError as error:
            raise SilentStreamError("no heartbeat came", code=grpc.StatusCode.UNAVAILABLE) from error
        except grpc.aio.AioRpcError as error:
            raise translated(error) from error
        except asyncio.CancelledError:
            if task_is_cancelled():
                # gRPC ends a call whose reader is cancelled, so a later reader needs a new one.
                await self._drop_stream()
                raise
            if self._closed.is_set():
                return None
            raise closed_meanwhile() from None
        if isinstance(message, SubscribeResponse):
            return message
        raise UnavailableError("the service ended the stream", code=grpc.StatusCode.UNAVAILABLE)

    async def _wait(self, pause: Pause) -> None:
        _logger.info("stream ended: %s; next one in %.2f s", pause.cause, pause.seconds)
        refused = self._stream.token if self._stream is not None else None
        if pause.new_connection and self._stream is not None:
            self._connection.pool.retire(self._stream.lease)
        await self._drop_stream()
        if pause.new_token:
            await self._connection.tokens.after(refused)
        try:
            await asyncio.wait_for(self._closed.wait(), pause.seconds)
        except TimeoutError:
            return

    async def _drop_stream(self) -> None:
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.call.cancel()
            await self._connection.release(stream.lease)
