"""Sending recipients in batches, some at once, and telling what became of each line in its order."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from carillon_server.cli.import_lines import BadLine, GoodLine, Line

MAX_LINES = 500
MAX_BYTES = 1024 * 1024
MAX_ENDPOINTS = 5_000
_BATCHES_AT_ONCE = 4

Store: TypeAlias = Callable[[Sequence[GoodLine]], Awaitable[Sequence[BadLine]]]
"""Stores lines, and returns those that were refused; one line may be refused for several reasons."""


@dataclass(slots=True)
class Tally:
    """How far an import came."""

    line: int = 0
    """Everything up to this line is settled."""
    stored: int = 0
    refused: int = 0


@dataclass(slots=True)
class Batch:
    """Lines that go together."""

    lines: list[Line] = field(default_factory=list)
    recipient_ids: set[str] = field(default_factory=set)
    _bytes: int = 0
    _endpoints: int = 0

    @property
    def good(self) -> list[GoodLine]:
        return [line for line in self.lines if isinstance(line, GoodLine)]

    @property
    def full(self) -> bool:
        return len(self.lines) >= MAX_LINES or self._bytes >= MAX_BYTES or self._endpoints >= MAX_ENDPOINTS

    def add(self, line: Line) -> None:
        self.lines.append(line)
        if isinstance(line, GoodLine):
            self.recipient_ids.add(line.request.recipient.recipient_id)
            self._bytes += line.request.ByteSize()
            self._endpoints += len(line.request.endpoints)


class Importer:
    """Stores batches. `tell` hears of every refusal, `progress` of every batch that is settled."""

    def __init__(
        self, store: Store, tell: Callable[[BadLine], None], progress: Callable[[Tally], None]
    ) -> None:
        self._store = store
        self._tell = tell
        self._progress = progress
        self._running: deque[tuple[Batch, asyncio.Task[Sequence[BadLine]]]] = deque()
        self.tally = Tally()

    async def run(self, lines: Iterable[Line]) -> None:
        """Ends when everything is settled; what the lines raise is raised after that."""
        batch = Batch()
        try:
            for line in lines:
                batch.add(line)
                if batch.full:
                    await self._begin(batch)
                    batch = Batch()
        except (asyncio.CancelledError, KeyboardInterrupt):
            self._cancel()
            raise
        except Exception:
            await self._finish(batch)
            raise
        await self._finish(batch)

    async def _finish(self, batch: Batch) -> None:
        await self._begin(batch)
        while self._running:
            await self._settle_oldest()

    async def _begin(self, batch: Batch) -> None:
        # Lines of one recipient count in their order, so two batches with one may not race.
        while len(self._running) >= _BATCHES_AT_ONCE or self._overlaps(batch):
            await self._settle_oldest()
        self._running.append((batch, asyncio.create_task(self._attempt(batch))))
        await asyncio.sleep(0)

    def _overlaps(self, batch: Batch) -> bool:
        return any(not batch.recipient_ids.isdisjoint(running.recipient_ids) for running, _ in self._running)

    async def _attempt(self, batch: Batch) -> Sequence[BadLine]:
        good = batch.good
        return await self._store(good) if good else []

    async def _settle_oldest(self) -> None:
        batch, task = self._running[0]
        try:
            refusals = await task
        except BaseException:
            self._cancel()
            raise
        self._running.popleft()
        bad = [line for line in batch.lines if isinstance(line, BadLine)]
        for refusal in sorted([*bad, *refusals], key=lambda each: each.line):
            self._tell(refusal)
        refused = len({each.line for each in (*bad, *refusals)})
        self.tally.refused += refused
        self.tally.stored += len(batch.lines) - refused
        self.tally.line = batch.lines[-1].line if batch.lines else self.tally.line
        self._progress(self.tally)

    def _cancel(self) -> None:
        for _, task in self._running:
            task.cancel()
