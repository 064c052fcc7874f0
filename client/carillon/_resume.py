"""What a subscription does about everything that happens to its stream, without doing any of it.

`Resumption` holds the cursor. The two drivers (`AsyncSubscription`, `Subscription`) read messages, sleep
and connect; they tell it what they saw, and it answers with the message to hand over, with a `Pause` before
the next connection, or by raising.

Invariants:

* The cursor moves only to that of a message which is handed over in the same step, so nothing is dropped;
  and a stream resumed with it
  starts right after, so nothing is repeated.
* `reset` always reaches the caller before the snapshot that follows it, also when the service refused the
  cursor altogether.
* Only failures that another try cannot cure are raised.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import timedelta

import grpc

from carillon.errors import CarillonError, CursorInvalidError, MessageTooLargeError, UnavailableError
from carillon.v1.notification_service_pb2 import SubscribeRequest, SubscribeResponse

BACKOFF_BASE_SECONDS = 0.1
BACKOFF_CAP_SECONDS = 10.0
HEALTHY_AFTER_SECONDS = 1.0
SILENT_HEARTBEATS = 2.5
_HEARTBEAT_SECONDS = (1.0, 25.0, 300.0)

_FATAL_CODES = {
    grpc.StatusCode.INVALID_ARGUMENT,
    grpc.StatusCode.PERMISSION_DENIED,
    grpc.StatusCode.NOT_FOUND,
    grpc.StatusCode.FAILED_PRECONDITION,
    grpc.StatusCode.OUT_OF_RANGE,
    grpc.StatusCode.ALREADY_EXISTS,
    grpc.StatusCode.UNIMPLEMENTED,
}


@dataclass(frozen=True, slots=True)
class Pause:
    """Close the stream, wait, and subscribe again."""

    seconds: float
    new_connection: bool = False
    new_token: bool = False
    cause: str = ""


class SilentStreamError(UnavailableError):
    """Not even a heartbeat came: the connection is dead, though nothing said so."""


class Resumption:
    """Where a subscription stands."""

    def __init__(
        self, request: SubscribeRequest, patience_seconds: float | None, rng: random.Random | None = None
    ) -> None:
        self._request = request
        self._patience_seconds = patience_seconds
        self._rng = rng or random.Random()
        self._failures = 0
        self._token_renewed = False
        self._cursor_refused = False
        self._stream_start = 0.0
        self._last_heard: float | None = None

    @property
    def cursor(self) -> str:
        """That of the last message handed over."""
        return self._request.cursor

    @property
    def silence_seconds(self) -> float:
        """How long a stream may say nothing before it counts as dead."""
        shortest, default, longest = _HEARTBEAT_SECONDS
        asked = self._request.heartbeat.ToTimedelta().total_seconds()
        return SILENT_HEARTBEATS * (min(max(asked, shortest), longest) if asked > 0 else default)

    def pending(self) -> SubscribeResponse | None:
        """What is to be handed over before the next stream: the `reset` after a refused cursor."""
        if not self._cursor_refused:
            return None
        self._cursor_refused = False
        self._request.cursor = ""
        return SubscribeResponse(reset=SubscribeResponse.Reset())

    def start(self, now: float) -> SubscribeRequest:
        """A stream is being opened: the request for it. `now` is monotonic, in seconds."""
        self._stream_start = now
        self._last_heard = now if self._last_heard is None else self._last_heard
        return self._request

    def receive(self, message: SubscribeResponse, now: float) -> SubscribeResponse | Pause | None:
        """A message came: what to hand over, if anything, or when to connect elsewhere."""
        self._last_heard = now
        self._token_renewed = False
        if now - self._stream_start >= HEALTHY_AFTER_SECONDS:
            self._failures = 0
        self._request.cursor = message.cursor
        match message.WhichOneof("event"):
            case "heartbeat":
                return None
            case "draining":
                delay = message.draining.reconnect_delay.ToTimedelta().total_seconds()
                return Pause(delay, new_connection=True, cause="the server drains")
            case _:
                return message

    def fail(self, error: CarillonError, now: float) -> Pause:
        """The stream ended. Raises `error` if another try cannot cure it, or if patience has run out."""
        if isinstance(error, CursorInvalidError) and self.cursor:
            self._cursor_refused = True
            return Pause(0.0, cause=error.reason)
        if error.code in _FATAL_CODES or isinstance(error, MessageTooLargeError):
            raise error
        unauthenticated = error.code is grpc.StatusCode.UNAUTHENTICATED
        if unauthenticated and self._token_renewed:
            raise error
        self._token_renewed = self._token_renewed or unauthenticated
        seconds = self._backoff_seconds() + (error.retry_delay or timedelta()).total_seconds()
        if self._out_of_patience(now + seconds):
            raise error
        return Pause(
            seconds,
            new_connection=isinstance(error, SilentStreamError),
            new_token=unauthenticated,
            cause=error.reason or error.code.name,
        )

    def _backoff_seconds(self) -> float:
        """Full jitter, so that the clients of a fallen server do not come back all at once."""
        ceiling = min(BACKOFF_CAP_SECONDS, BACKOFF_BASE_SECONDS * 2 ** min(self._failures, 10))
        self._failures += 1
        return self._rng.uniform(0.0, ceiling)

    def _out_of_patience(self, then: float) -> bool:
        if self._patience_seconds is None or self._last_heard is None:
            return False
        return then - self._last_heard > self._patience_seconds
