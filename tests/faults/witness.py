"""A screen that remembers in which order it was told of what, across lost connections."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

from carillon import AsyncClient
from carillon.v1.notification_service_pb2 import SubscribeResponse
from carillon.v1.types_pb2 import Notification

QUICK = timedelta(seconds=1)
"""The shortest heartbeat: after two and a half of them without a word a connection counts as dead."""


class Witness:
    """Follows an inbox from its first snapshot on, with the subscription that callers use."""

    def __init__(self, client: AsyncClient, recipient_id: str, heartbeat: timedelta | None = None) -> None:
        self.recipient_id = recipient_id
        self.told: list[str] = []
        """The ids of what came in, in the order of the messages."""
        self.snapshots = 0
        """One at the beginning; another one means that it could not resume."""
        self.delays_seconds: list[float] = []
        """From the database's time of each to its arrival here."""
        self._client = client
        self._heartbeat = heartbeat

    async def watch(self) -> None:
        """Until cancelled."""
        async with self._client.subscribe(
            recipient_id=self.recipient_id, heartbeat=self._heartbeat
        ) as subscription:
            async for event in subscription:
                self._take(event)

    def _take(self, event: SubscribeResponse) -> None:
        match event.WhichOneof("event"):
            case "snapshot":
                self.snapshots += 1
                self.told = [each.id for each in reversed(event.snapshot.notifications)]
            case "created":
                now = time.time()
                self.told += [each.id for each in event.created.notifications]
                self.delays_seconds += [_age(each, now) for each in event.created.notifications]


def _age(notification: Notification, now: float) -> float:
    return now - notification.create_time.ToNanoseconds() / 1e9


@dataclass
class Verdict:
    """What all witnesses together missed and were told twice."""

    missed: int = 0
    repeated: int = 0
    disordered: int = 0
    """Witnesses that were told everything once, but not in order."""
    afresh: int = 0
    """Snapshots after the first."""

    def hear(self, witness: Witness, inbox: Sequence[str]) -> None:
        """`inbox`: all its ids, oldest first."""
        told, missed = set(witness.told), set(inbox) - set(witness.told)
        self.missed += len(missed)
        self.repeated += len(witness.told) - len(told)
        self.disordered += not missed and list(dict.fromkeys(witness.told)) != list(inbox)
        self.afresh += max(0, witness.snapshots - 1)


@asynccontextmanager
async def watching(witnesses: Iterable[Witness]) -> AsyncIterator[None]:
    """They watch while the context is open; whatever ends one of them before is raised."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(witness.watch()) for witness in witnesses]
        yield
        for task in tasks:
            task.cancel()
