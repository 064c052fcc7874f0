"""The way to one reader, and the watch over readers that take nothing.

A write returns when the transport has room for the next message; with a reader that takes nothing it does not
return. A timer for each write would cost as much as the write, so writes under way are noted, and one loop
looks for those that take too long.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeAlias

from carillon_server import telemetry
from carillon_server.domain.errors import Reason, Refusal
from carillon_server.realtime.mailbox import Mailbox

Write: TypeAlias = Callable[[bytes], Awaitable[object]]
"""Hands one serialized message to the transport; returns when there is room for the next one."""

_TICKS = 10


class SlowReaderWatch:
    """Ends streams whose write takes longer than the limit, at most a tenth of it later."""

    def __init__(self, limit_seconds: float) -> None:
        self._limit_seconds = limit_seconds
        self._since: dict[Mailbox, float] = {}
        """Who is being written to, and since when by the clock of the event loop."""

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await asyncio.sleep(self._limit_seconds / _TICKS)
            overdue = asyncio.get_running_loop().time() - self._limit_seconds
            for mailbox in [mailbox for mailbox, since in self._since.items() if since < overdue]:
                if mailbox.ending is None:
                    telemetry.slow_readers.inc()
                    mailbox.end(_slow_reader())

    def begin(self, mailbox: Mailbox, now: float) -> None:
        """A message is handed over."""
        self._since[mailbox] = now

    def finish(self, mailbox: Mailbox) -> None:
        """It was taken, or it no longer matters."""
        del self._since[mailbox]


class Outlet:
    """Writes messages one after the other."""

    __slots__ = ("_loop", "_mailbox", "_watch", "_write", "last_send_time")

    def __init__(self, write: Write, mailbox: Mailbox, watch: SlowReaderWatch) -> None:
        self._write = write
        self._mailbox = mailbox
        self._watch = watch
        self._loop = asyncio.get_running_loop()
        self.last_send_time: float | None = None
        """On the clock of the event loop; None: nothing was sent yet."""

    async def send(self, message: bytes) -> None:
        """Raises why the stream was ended, if that happened while it waited for the reader: SLOW_READER for
        one. The write is then still under way, so nothing more can be written.
        """
        mailbox = self._mailbox
        self.last_send_time = self._loop.time()
        self._watch.begin(mailbox, self.last_send_time)
        writer = mailbox.writer = asyncio.current_task(self._loop)
        try:
            await self._write(message)
        except asyncio.CancelledError:
            if mailbox.interrupted and writer is not None and not writer.uncancel() and mailbox.ending:
                raise mailbox.ending from None
            raise
        finally:
            mailbox.writer = None
            self._watch.finish(mailbox)
        telemetry.stream_messages.inc()


def _slow_reader() -> Refusal:
    return Refusal(
        Reason.SLOW_READER, "the reader took nothing for too long; subscribe again from the last cursor"
    )
