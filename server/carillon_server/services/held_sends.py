"""Sends to inboxes that somebody else keeps locked, such as a process that stands still in a transaction.

They wait here, beside the queue of the writer, and are tried again from time to time without waiting for the
lock, until it is gone or nobody waits for them any more. All others go on without them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeAlias

from carillon_server import telemetry
from carillon_server.domain.errors import Unavailable
from carillon_server.services.waiting import Waiting

_PAUSE_SECONDS = 0.05

Write: TypeAlias = Callable[[list[Waiting]], Awaitable[None]]
"""Writes what it can, settles it, and holds the rest again."""


class HeldSends:
    """Of one writer."""

    def __init__(self, write: Write, max_tried: int) -> None:
        """`max_tried`: how many are tried at once."""
        self._write = write
        self._max_tried = max_tried
        self._held: list[Waiting] = []
        self._inbox_ids: set[bytes] = set()
        self._trying: asyncio.Task[None] | None = None
        self._stopping = False

    def __bool__(self) -> bool:
        return bool(self._inbox_ids)

    def concerns(self, waiting: Waiting) -> bool:
        """Whether the send has to wait for one of the inboxes too."""
        return not self._inbox_ids.isdisjoint(inbox_ids_of(waiting))

    def hold(self, waiting: Waiting) -> None:
        """Tries it again later."""
        self._held.append(waiting)
        self._inbox_ids.update(inbox_ids_of(waiting))
        telemetry.writer_held.set(len(self._held))
        if self._trying is None:
            self._trying = asyncio.create_task(self._try_again(), name="held-sends")

    async def stop(self) -> None:
        """Tries once more, and refuses the rest: their callers find out elsewhere."""
        self._stopping = True
        if self._trying is not None:
            await self._trying

    async def _try_again(self) -> None:
        while self._held:
            await asyncio.sleep(_PAUSE_SECONDS)
            held = [waiting for waiting in self._held if not waiting.over]
            self._held = held[self._max_tried :]
            if held:
                await self._write(held[: self._max_tried])
            self._inbox_ids = {inbox_id for waiting in self._held for inbox_id in inbox_ids_of(waiting)}
            telemetry.writer_held.set(len(self._held))
            if self._stopping:
                self._refuse()
        self._trying = None

    def _refuse(self) -> None:
        for waiting in self._held:
            waiting.settle(Unavailable("the service is stopping"))
        self._held = []


def inbox_ids_of(waiting: Waiting) -> Iterable[bytes]:
    """The inboxes that the send goes to."""
    return (address.inbox_id for address in waiting.send.addresses)
