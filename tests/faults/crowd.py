"""A helper: thousands of live streams, with the subscription that callers use, spread over all servers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from carillon import AsyncClient
from tests.eventually import eventually
from tests.faults.helper import Words, answer_all, beginning
from tests.faults.witness import Witness, watching


class _Crowd:
    def __init__(self, witnesses: Sequence[Witness]) -> None:
        self._witnesses = witnesses

    async def opened(self, words: Words) -> Words:
        """Answers when every stream has its snapshot."""
        return await self._all(lambda witness: witness.snapshots > 0, words["within_seconds"])

    async def told(self, words: Words) -> Words:
        """Answers when every stream has told of so many notifications."""
        count: int = words["count"]
        return await self._all(lambda witness: len(witness.told) >= count, words["within_seconds"])

    async def report(self, _words: Words) -> Words:
        """What each stream told, in order, and how long after its commit each event since the last report
        came.
        """
        delays = [delay for each in self._witnesses for delay in each.delays_seconds]
        for each in self._witnesses:
            each.delays_seconds.clear()
        return {
            "told": {witness.recipient_id: witness.told for witness in self._witnesses},
            "afresh": sum(witness.snapshots - 1 for witness in self._witnesses),
            "delays_seconds": delays,
        }

    async def _all(self, holds: Callable[[Witness], bool], within_seconds: float) -> Words:
        """Answers with those of which it does not hold in time."""
        waiting = list(self._witnesses)

        async def hold() -> bool:
            waiting[:] = [witness for witness in waiting if not holds(witness)]
            return not waiting

        try:
            await eventually(hold, within_seconds)
        except AssertionError:
            return {"late": len(waiting)}
        return {"late": 0}


async def _main(target: str, token: str, people: Sequence[str]) -> None:
    async with AsyncClient(target, token=token) as client:
        witnesses = [Witness(client, name) for name in people]
        crowd = _Crowd(witnesses)
        async with watching(witnesses):
            await answer_all(opened=crowd.opened, told=crowd.told, report=crowd.report)


if __name__ == "__main__":
    asyncio.run(_main(**beginning()))
