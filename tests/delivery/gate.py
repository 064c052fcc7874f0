"""A far side that holds every message until it is let through."""

from __future__ import annotations

import asyncio
from collections import Counter

from carillon_server.delivery.providers.provider import Message
from carillon_server.domain.outcome import Delivered, Outcome
from tests.eventually import eventually


class Gate:
    """A provider; `taken` is what it was handed, `let_through` opens it."""

    name = "gate"

    def __init__(self, *, opened: bool = False, outcome: Outcome | None = None) -> None:
        self.taken: Counter[str] = Counter()
        self.messages: list[Message] = []
        self.running = 0
        self.most_running = 0
        self._outcome = outcome or Delivered("accepted")
        self._opened = asyncio.Event()
        if opened:
            self._opened.set()

    def let_through(self) -> None:
        self._opened.set()

    async def send(self, message: Message) -> Outcome:
        self.taken[str(message.delivery_id)] += 1
        self.messages.append(message)
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        try:
            await self._opened.wait()
        finally:
            self.running -= 1
        return self._outcome

    async def close(self) -> None:
        self._opened.set()

    async def wait_for(self, count: int, within_seconds: float = 10) -> None:
        """Until so many calls were made, over all deliveries."""

        async def called() -> bool:
            return self.taken.total() >= count

        await eventually(called, within_seconds)
