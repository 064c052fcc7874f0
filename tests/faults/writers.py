"""Many writers to few inboxes, some of whom give up in the middle of a call."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections import defaultdict
from collections.abc import Sequence
from functools import partial
from random import Random

from carillon import AsyncClient
from carillon.v1.notification_service_pb2 import SendResponse
from carillon_server.domain.ids import NotificationId
from tests.faults.callers import FOR_THE_MOMENT, Callers
from tests.faults.oracle import REQUEST_LABEL, Oracle

INBOXES = 50
_ABORTED = 0.1
_PATIENCE_SECONDS = 0.04
"""A call that is given up is at most so old: about as long as one takes."""


def recipient(number: int) -> str:
    return f"owner-{number}"


def place(notification_id: str) -> int:
    """The version at which it came into its inbox."""
    parsed = NotificationId.parse(notification_id)
    assert parsed is not None
    return parsed.seq


class Writers:
    """Numbered sends to one, two or three of the inboxes."""

    def __init__(self, seed: int, callers: Callers, oracle: Oracle) -> None:
        self.aborts = 0
        self._seed = seed
        self._callers = callers
        self._oracle = oracle
        self._spans: defaultdict[str, list[tuple[int, float, float]]] = defaultdict(list)
        """By recipient: version, when the call began, when it was answered."""

    async def write(self, number: int) -> None:
        """This send, until it is answered or given up."""
        rng = Random(f"{self._seed} {number}")
        names = [recipient(n) for n in rng.sample(range(INBOXES), rng.randint(1, 3))]
        begun = time.monotonic()
        call = partial(send, number=number, names=names)
        if rng.random() < _ABORTED:
            self.aborts += 1
            response = await self._impatient(call, rng, number)
        else:
            response = await self._callers.answer(call, first=number)
        if response is not None:
            self._note(number, response, begun)

    def disordered(self) -> int:
        """Sends that have an earlier version than one that was answered before they began."""
        return sum(_disordered(spans) for spans in self._spans.values())

    async def _impatient(self, call: partial[SendResponse], rng: Random, number: int) -> SendResponse | None:
        """None: given up, by hanging up or by a deadline. Nobody knows what came of it."""
        client = self._callers.clients[number % len(self._callers.clients)]
        seconds = rng.uniform(0, _PATIENCE_SECONDS)
        hangs_up = rng.random() < 0.5
        try:
            if hangs_up:
                return await asyncio.wait_for(call(client), seconds)
            return await call(client.with_options(timeout_seconds=seconds))
        except (TimeoutError, *FOR_THE_MOMENT):
            return None

    def _note(self, number: int, response: SendResponse, begun: float) -> None:
        self._oracle.told(f"request-{number}", response)
        answered = time.monotonic()
        for result in response.results:
            self._spans[result.recipient_id].append((place(result.notification_id), begun, answered))


async def send(client: AsyncClient, number: int, names: Sequence[str]) -> SendResponse:
    """The send of this number; the same again is the same request."""
    return await client.send(
        type="scan.completed",
        recipient_ids=names,
        content={"title": f"#{number}"},
        labels={REQUEST_LABEL: f"request-{number}"},
        request_id=f"request-{number}",
    )


def _disordered(spans: Sequence[tuple[int, float, float]]) -> int:
    ordered = sorted(spans)
    latest_begins = itertools.accumulate((begun for _, begun, _ in ordered), max)
    return sum(answered < latest for (_, _, answered), latest in zip(ordered, latest_begins, strict=True))
