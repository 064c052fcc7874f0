"""Jobs that wait for a process.

Callers take turns: a call with a thousand jobs does not keep those with one job waiting. Jobs that a process
ended with come first, and alone, so that the one that ended it is found and the others are not hurt.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from carillon_server.domain.rendering import RenderJob, Sheet

MAX_BATCH_JOBS = 64
_TURN_JOBS = 16


@dataclass(frozen=True, slots=True)
class Examination:
    """A template to be checked."""

    sheet: Sheet
    message: dict[str, Any]
    """What the check needs besides."""


@dataclass(slots=True, eq=False)
class Work:
    """One job, and who waits for it."""

    job: RenderJob | Examination
    answer: asyncio.Future[Any] = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    alone: bool = False
    """A process ended while it had this in its hands."""
    attempts: int = 0
    at_part: str = ""
    """How far a check had come."""


class WorkQueue:
    """Bounded by whoever fills it."""

    def __init__(self) -> None:
        self._calls: deque[deque[Work]] = deque()
        self._again: deque[Work] = deque()
        self._waiting = 0
        self._arrived = asyncio.Event()

    def __len__(self) -> int:
        return self._waiting

    def add(self, works: Sequence[Work]) -> None:
        """The jobs of one call."""
        self._calls.append(deque(works))
        self._waiting += len(works)
        self._arrived.set()

    def add_again(self, works: Sequence[Work]) -> None:
        """Jobs that a process did not finish."""
        self._again.extend(works)
        self._waiting += len(works)
        self._arrived.set()

    async def take(self) -> list[Work]:
        """Some jobs that somebody still waits for; waits until there are any."""
        while True:
            while not self._waiting:
                self._arrived.clear()
                await self._arrived.wait()
            batch = [work for work in self._next() if not work.answer.done()]
            if batch:
                return batch

    def take_all(self) -> list[Work]:
        """Everything, at the end."""
        works = [*self._again, *(work for call in self._calls for work in call)]
        self._again.clear()
        self._calls.clear()
        self._waiting = 0
        return works

    def _next(self) -> list[Work]:
        batch = self._next_again() if self._again else self._next_of_calls()
        self._waiting -= len(batch)
        return batch

    def _next_again(self) -> list[Work]:
        batch = [self._again.popleft()]
        while self._again and not batch[0].alone and not self._again[0].alone and len(batch) < MAX_BATCH_JOBS:
            batch.append(self._again.popleft())
        return batch

    def _next_of_calls(self) -> list[Work]:
        batch: list[Work] = []
        while self._calls and len(batch) < MAX_BATCH_JOBS:
            call = self._calls.popleft()
            if isinstance(call[0].job, Examination):
                if batch:
                    self._calls.appendleft(call)
                    return batch
                return list(call)
            count = min(_TURN_JOBS, len(call), MAX_BATCH_JOBS - len(batch))
            batch.extend(call.popleft() for _ in range(count))
            if call:
                self._calls.append(call)
        return batch
