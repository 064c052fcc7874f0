"""Callers that no error may reach, and streams, while servers are replaced."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from random import Random

from carillon import AsyncClient
from tests.eventually import eventually
from tests.faults.witness import Verdict, Witness, watching

_PEOPLE = 10
_CALLERS = 4
_TOLD_SECONDS = 60


class Load:
    """Callers to whom no error may come, and streams."""

    def __init__(self, producer: AsyncClient, gateway: AsyncClient, streams: int, seed: int) -> None:
        self._producer, self._gateway = producer, gateway
        self._rng = Random(seed)
        self._numbers = itertools.count()
        self._over = False
        self.people = [f"rolling-{number}" for number in range(_PEOPLE)]
        self.sent: dict[str, set[str]] = {name: set() for name in self.people}
        self.witnesses = [Witness(gateway, self.people[n % _PEOPLE]) for n in range(streams)]

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """What fails ends it."""
        async with watching(self.witnesses):
            await eventually(self._opened, _TOLD_SECONDS)
            async with asyncio.TaskGroup() as group:
                for _ in range(_CALLERS):
                    group.create_task(self._call_on())
                yield
                self._over = True
            await eventually(self._all_told, _TOLD_SECONDS)

    async def verdict(self) -> tuple[Verdict, int, int]:
        """Also how many answered sends are not there, and how many are there twice."""
        verdict, lost, doubled = Verdict(), 0, 0
        for name in self.people:
            inbox = [each async for each in self._gateway.list_all(recipient_id=name)]
            ids = [each.id for each in reversed(inbox)]
            lost += len(self.sent[name] - set(ids))
            doubled += len(inbox) - len({each.content.title for each in inbox})
            for witness in self.witnesses:
                if witness.recipient_id == name:
                    verdict.hear(witness, ids)
        return verdict, lost, doubled

    async def _call_on(self) -> None:
        while not self._over:
            number, name = next(self._numbers), self._rng.choice(self.people)
            self.sent[name].add(await self._send(name, f"call-{number}"))
            await self._gateway.get_counts(recipient_id=name)

    async def _send(self, name: str, request_id: str) -> str:
        response = await self._producer.send(
            type="scan.completed",
            recipient_ids=[name],
            content={"title": request_id},
            request_id=request_id,
        )
        return response.results[0].notification_id

    async def _opened(self) -> bool:
        return all(witness.snapshots for witness in self.witnesses)

    async def _all_told(self) -> bool:
        return all(self.sent[each.recipient_id] <= set(each.told) for each in self.witnesses)


@asynccontextmanager
async def loaded(target: str, token: Callable[..., str], streams: int, seed: int) -> AsyncIterator[Load]:
    async with AsyncExitStack() as stack:
        producer, gateway = [
            await stack.enter_async_context(AsyncClient(target, token=token(subject, scope), insecure=True))
            for subject, scope in (("shop", "notifications.send"), ("edge", "gateway"))
        ]
        yield Load(producer, gateway, streams, seed)
