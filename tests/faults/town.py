"""Many people with a live stream each, kept by helpers, and what all of them were sent."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from carillon import AsyncClient
from carillon.v1.notification_service_pb2 import SendResponse
from tests.faults.callers import Callers
from tests.faults.helper import Helper
from tests.faults.installation import Installation

_PER_HELPER = 5_000
_PER_SEND = 500
OPENED_SECONDS = 120


@dataclass
class Comparison:
    """What the streams told, against what was answered to the senders."""

    missed: int
    repeated: int
    afresh: int
    """Snapshots after the first."""
    reports: Sequence[dict[str, Any]] = field(repr=False)

    @property
    def delays_seconds(self) -> list[float]:
        """Of what came since the last comparison."""
        return [delay for report in self.reports for delay in report["delays_seconds"]]


class Town:
    """Sends go to everybody; what was answered is kept in order."""

    def __init__(self, people: Sequence[str], helpers: Sequence[Helper], producer: Callers) -> None:
        self._people, self._helpers, self._producer = people, helpers, producer
        self._ids: dict[str, list[str]] = {name: [] for name in people}
        self.rounds = 0

    async def send_to_all(self, body: str = "") -> None:
        starts = range(0, len(self._people), _PER_SEND)
        await asyncio.gather(*(self._send(start, body) for start in starts))
        self.rounds += 1

    async def late(self, within_seconds: float) -> int:
        """How many streams have not told everything after that time."""
        answers = await self.ask("told", count=self.rounds, within_seconds=within_seconds)
        return sum(answer["late"] for answer in answers)

    async def compare(self) -> Comparison:
        """Fails if anything was told in another order."""
        reports = await self.ask("report")
        told = {name: ids for report in reports for name, ids in report["told"].items()}
        missed = sum(len(set(ids) - set(told[name])) for name, ids in self._ids.items())
        repeated = sum(len(ids) - len(set(ids)) for ids in told.values())
        assert missed or repeated or told == self._ids
        return Comparison(missed, repeated, sum(report["afresh"] for report in reports), reports)

    async def ask(self, question: str, **details: Any) -> list[dict[str, Any]]:
        """The answers of all helpers."""
        return await asyncio.gather(*(helper.ask(question, **details) for helper in self._helpers))

    async def _send(self, start: int, body: str) -> None:
        people = self._people[start : start + _PER_SEND]
        call = partial(_send, people=people, request_id=f"{people[0]}-{self.rounds}", body=body)
        response = await self._producer.answer(call, first=start // _PER_SEND)
        for result in response.results:
            self._ids[result.recipient_id].append(result.notification_id)


async def _send(client: AsyncClient, people: Sequence[str], request_id: str, body: str) -> SendResponse:
    return await client.send(
        type="scan.completed",
        recipient_ids=people,
        content={"title": "Scan finished", "body": body},
        request_id=request_id,
    )


@asynccontextmanager
async def peopled(
    installation: Installation, producer: Callers, people: Sequence[str], *, module: str = "crowd"
) -> AsyncIterator[Town]:
    """Everybody has a stream, at all servers, by helpers of that kind."""
    async with AsyncExitStack() as stack:
        helpers = [
            await stack.enter_async_context(
                Helper.running(
                    module,
                    target=installation.target,
                    token=installation.token("edge", "gateway"),
                    people=list(part),
                )
            )
            for part in _parts(people)
        ]
        town = Town(people, helpers, producer)
        for answer in await town.ask("opened", within_seconds=OPENED_SECONDS):
            assert answer["late"] == 0
        yield town


def _parts(people: Sequence[str]) -> Iterable[Sequence[str]]:
    for start in range(0, len(people), _PER_HELPER):
        yield people[start : start + _PER_HELPER]
