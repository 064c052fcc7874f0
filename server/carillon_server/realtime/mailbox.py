"""What waits for one stream: a few events, or the note that the stream is behind and has to read.

The mailbox never grows with a slow reader: when it is full, what is in it is dropped and the stream reads
from Postgres from its own version on. Events are offered after their commit, so a read that begins later
covers them; that is why whoever takes "behind" takes nothing else.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from carillon_server.domain.errors import Refusal
from carillon_server.domain.identity import Principal
from carillon_server.realtime.event import LiveEvent

MAX_EVENTS = 128
MAX_BYTES = 64 * 1024


class Mailbox:
    """Filled by the hub, emptied by its stream; all on one event loop."""

    __slots__ = (
        "_bytes",
        "_events",
        "_stalled",
        "_takes_events",
        "_timer",
        "_waiter",
        "behind",
        "draining_delay_seconds",
        "ending",
        "interrupted",
        "principal",
        "writer",
    )

    def __init__(self, principal: Principal, *, takes_events: bool) -> None:
        self.principal = principal
        """For whom the stream was opened."""
        self._takes_events = takes_events
        """False: a stream with a filter, which always reads."""
        self._events: list[LiveEvent] = []
        self._bytes = 0
        self._stalled = False
        self._timer: asyncio.TimerHandle | None = None
        self._waiter: asyncio.Future[None] | None = None
        self.behind = False
        """Something is missing here that Postgres has."""
        self.draining_delay_seconds: float | None = None
        """Set when the server is about to stop: how long the client is to wait."""
        self.ending: Refusal | None = None
        """Set when the stream has to end: why."""
        self.writer: asyncio.Task[object] | None = None
        """The task that hands a message to the reader just now."""
        self.interrupted = False
        """The writer was cancelled from here, not by the client."""

    def offer(self, event: LiveEvent) -> None:
        """Adds an event, or notes that the stream is behind."""
        if self.behind:
            return
        if not self._takes_events or event.message is None or not self._has_room(event.message):
            self.fall_behind()
            return
        self._events.append(event)
        self._bytes += len(event.message)
        self.wake()

    def fall_behind(self) -> None:
        """Drops what waits; the stream is to read."""
        self.behind = True
        self._clear()
        self.wake()

    def take_behind(self) -> bool:
        """Whether the stream has to read; from here on events gather again."""
        if not self.behind or self._stalled:
            return False
        self.behind = False
        self._clear()
        return True

    def take(self) -> Sequence[LiveEvent]:
        """The events that wait, oldest first."""
        events = self._events
        if events:
            self._clear()
        return events

    async def wait(self, timeout_seconds: float) -> None:
        """Returns when there is something to do, or after the time; now and then earlier."""
        if self._has_work():
            return
        loop = asyncio.get_running_loop()
        if self._timer is None:
            # It stays when the stream is woken before it: most of them would be cancelled and made anew.
            self._timer = loop.call_later(timeout_seconds, self._time_is_up)
        self._waiter = loop.create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def close(self) -> None:
        """The stream is over."""
        if self._timer is not None:
            self._timer.cancel()

    def drain(self, reconnect_delay_seconds: float) -> None:
        """Lets the stream tell its client to go elsewhere, and end."""
        self.draining_delay_seconds = reconnect_delay_seconds
        self.wake()

    def end(self, refusal: Refusal) -> None:
        """Ends the stream, also one whose reader takes nothing."""
        self.ending = refusal
        self.wake()
        if self.writer is not None and not self.interrupted:
            self.interrupted = True
            self.writer.cancel()

    def wake(self) -> None:
        """Lets the stream look again."""
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def stall(self) -> None:
        """The stream is behind but cannot read: it is left alone until `resume`."""
        self.behind = True
        self._stalled = True
        self._clear()

    def resume(self) -> None:
        """The stream can read again."""
        self._stalled = False
        self.wake()

    def _time_is_up(self) -> None:
        self._timer = None
        self.wake()

    def _has_work(self) -> bool:
        return bool(
            self._events
            or (self.behind and not self._stalled)
            or self.ending
            or self.draining_delay_seconds is not None
        )

    def _has_room(self, message: bytes) -> bool:
        return len(self._events) < MAX_EVENTS and self._bytes + len(message) <= MAX_BYTES

    def _clear(self) -> None:
        self._events = []
        self._bytes = 0
