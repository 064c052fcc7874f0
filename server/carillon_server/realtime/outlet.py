"""The way to one reader. A message that it does not take in time ends the stream."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeAlias

from carillon_server import telemetry
from carillon_server.domain.errors import Reason, Refusal
from carillon_server.realtime.mailbox import Mailbox

Write: TypeAlias = Callable[[bytes], Awaitable[object]]
"""Hands one serialized message to the transport; returns when there is room for the next one."""


class Outlet:
    """Writes messages one after the other."""

    __slots__ = ("_mailbox", "_slow_reader_seconds", "_write", "last_send_time")

    def __init__(self, write: Write, mailbox: Mailbox, slow_reader_seconds: float) -> None:
        self._write = write
        self._mailbox = mailbox
        self._slow_reader_seconds = slow_reader_seconds
        self.last_send_time: float | None = None
        """On the clock of the event loop; None: nothing was sent yet."""

    async def send(self, message: bytes) -> None:
        """Raises SLOW_READER, or why the stream was ended while it waited for the reader.

        After either the write is still under way, so nothing more can be written.
        """
        mailbox = self._mailbox
        timer = asyncio.timeout(self._slow_reader_seconds)
        try:
            async with timer:
                mailbox.write_timer = timer
                await self._write(message)
        except TimeoutError as error:
            raise mailbox.ending or _slow_reader() from error
        finally:
            mailbox.write_timer = None
        self.last_send_time = asyncio.get_running_loop().time()
        telemetry.stream_messages.inc()


def _slow_reader() -> Refusal:
    telemetry.slow_readers.inc()
    return Refusal(
        Reason.SLOW_READER, "the reader took nothing for too long; subscribe again from the last cursor"
    )
