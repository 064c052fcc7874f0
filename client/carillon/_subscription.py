"""A live inbox that never lets go, for threads."""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import grpc

from carillon._connection import Connection, ResponseStream, translated
from carillon._options import CallOptions
from carillon._pool import Lease
from carillon._resume import Pause, Resumption, SilentStreamError
from carillon._watchdog import Watchdog
from carillon.errors import CarillonError, UnavailableError
from carillon.v1.notification_service_pb2 import SubscribeResponse

_logger = logging.getLogger("carillon")


@dataclass(frozen=True, slots=True)
class _Stream:
    """One connected stream, the place that it takes, and what it was opened with."""

    call: ResponseStream[SubscribeResponse]
    lease: Lease[grpc.Channel]
    token: str | None
    watchdog: Watchdog


class Subscription:
    """The events of an inbox, in order, each once, across lost connections and restarts of the service.

    Use it as a context manager and iterate over it; leaving the context ends the stream. Only one thread may
    iterate at a time; `close` may be called from any thread and ends the iteration.
    """

    def __init__(self, connection: Connection, options: CallOptions, resumption: Resumption) -> None:
        self._connection = connection
        self._options = options
        self._resumption = resumption
        self._lock = threading.Lock()
        self._stream: _Stream | None = None
        self._closed = threading.Event()

    @property
    def cursor(self) -> str:
        """Where it stands: that of the last event handed over. Keep it to go on there in another process."""
        return self._resumption.cursor

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> SubscribeResponse:
        """Waits for the next event. Raises a `CarillonError` where connecting again cannot help."""
        while not self._closed.is_set():
            outcome = self._step()
            if isinstance(outcome, SubscribeResponse):
                return outcome
            if outcome is not None:
                self._wait(outcome)
        raise StopIteration

    def close(self) -> None:
        """Ends the stream, and an iteration that is under way."""
        self._closed.set()
        self._drop_stream()

    def _step(self) -> SubscribeResponse | Pause | None:
        reset = self._resumption.pending()
        if reset is not None:
            return reset
        stream = self._stream or self._connect()
        try:
            message = self._read(stream)
        except CarillonError as error:
            if self._closed.is_set():
                return None
            return self._resumption.fail(error, time.monotonic())
        return self._resumption.receive(message, time.monotonic())

    def _connect(self) -> _Stream:
        token = self._connection.tokens.current()
        lease = self._connection.pool.acquire()
        request = self._resumption.start(time.monotonic())
        call = self._connection.subscribe(lease, request, self._options.metadata(token))
        watchdog = Watchdog(self._resumption.silence_seconds, call.cancel)
        stream = _Stream(call, lease, token, watchdog)
        with self._lock:
            self._stream = stream
        if self._closed.is_set():
            self._drop_stream()
        return stream

    def _read(self, stream: _Stream) -> SubscribeResponse:
        try:
            with stream.watchdog.waiting():
                return next(stream.call)
        except StopIteration as error:
            raise UnavailableError(
                "the service ended the stream", code=grpc.StatusCode.UNAVAILABLE
            ) from error
        except grpc.RpcError as error:
            if stream.watchdog.fired:
                raise SilentStreamError("no heartbeat came", code=grpc.StatusCode.UNAVAILABLE) from error
            raise translated(error) from error

    def _wait(self, pause: Pause) -> None:
        _logger.info("stream ended: %s; next one in %.2f s", pause.cause, pause.seconds)
        stream = self._stream
        if pause.new_connection and stream is not None:
            self._connection.pool.retire(stream.lease)
        self._drop_stream()
        if pause.new_token:
            self._connection.tokens.after(stream.token if stream is not None else None)
        self._closed.wait(pause.seconds)

    def _drop_stream(self) -> None:
        with self._lock:
            stream, self._stream = self._stream, None
        if stream is not None:
            stream.watchdog.stop()
            stream.call.cancel()
            self._connection.release(stream.lease)
