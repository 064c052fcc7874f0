"""A helper: somebody who makes one unary call after the other, and says how long they took."""

from __future__ import annotations

import asyncio
import time

from carillon import AsyncClient
from carillon.errors import CarillonError
from tests.eventually import eventually
from tests.faults.helper import Words, answer_all, beginning

_PAUSE_SECONDS = 0.02
_CALLS_SECONDS = 60


class _Caller:
    def __init__(self, client: AsyncClient) -> None:
        self._client = client
        self._seconds: list[float] = []
        self._failures = 0

    async def call_on(self) -> None:
        """Until cancelled."""
        while True:
            start = time.monotonic()
            try:
                await self._client.get_counts(recipient_id="beside")
            except CarillonError:
                self._failures += 1
            self._seconds.append(time.monotonic() - start)
            await asyncio.sleep(_PAUSE_SECONDS)

    async def report(self, words: Words) -> Words:
        """The times of the calls since the last report, once they are so many."""

        async def enough() -> bool:
            return len(self._seconds) >= words["calls"]

        await eventually(enough, _CALLS_SECONDS)
        answer = {"seconds": self._seconds, "failures": self._failures}
        self._seconds, self._failures = [], 0
        return answer


async def _main(target: str, token: str) -> None:
    async with AsyncClient(target, token=token) as client, asyncio.TaskGroup() as group:
        caller = _Caller(client)
        calling = group.create_task(caller.call_on())
        await answer_all(report=caller.report)
        calling.cancel()


if __name__ == "__main__":
    asyncio.run(_main(**beginning()))
