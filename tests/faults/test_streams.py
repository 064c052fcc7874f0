"""P4: what a stream was cut off from it gets when it resumes, once and in order."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from random import Random

from carillon import AsyncClient
from carillon.v1.notification_service_pb2 import SendResponse
from tests.eventually import eventually
from tests.faults.callers import Callers
from tests.faults.installation import Installation
from tests.faults.nemesis import Nemesis, schedule
from tests.faults.options import StreamSize, sizes
from tests.faults.oracle import REQUEST_LABEL, holdings
from tests.faults.outcome import Drill
from tests.faults.proxy import FaultProxy
from tests.faults.wire import LONG_TITLE, begin_cut
from tests.faults.witness import QUICK, Verdict, Witness, watching

_DEVICES = 10
"""Of each person, each on a connection of its own."""
_SENDS = 2
"""While the devices of a person are cut off."""
_RESUMED_SECONDS = 120


async def _send(client: AsyncClient, recipient_id: str, number: int) -> SendResponse:
    request_id = f"{recipient_id}-{number}"
    return await client.send(
        type="scan.completed",
        recipient_ids=[recipient_id],
        content={"title": LONG_TITLE},
        labels={REQUEST_LABEL: request_id},
        request_id=request_id,
    )


class _Person:
    """Somebody whose devices lose their connections while notifications are on their way to them."""

    def __init__(
        self, name: str, seed: int, witnesses: Sequence[Witness], wires: Sequence[FaultProxy]
    ) -> None:
        self.name = name
        self.witnesses = witnesses
        self.cuts = self.sends = 0
        self._wires = wires
        self._rng = Random(f"{seed}-{name}")
        self._newest = ""

    async def live(self, producer: Callers, cuts: int) -> None:
        """Until each device was cut off so many times and has resumed."""
        await eventually(self._all_opened, _RESUMED_SECONDS)
        for _ in range(cuts):
            finishes = [begin_cut(wire, self._rng) for wire in self._wires]
            for _ in range(_SENDS):
                await self._send(producer)
            for finish in finishes:
                finish()
            self.cuts += len(finishes)
            await eventually(self._all_resumed, _RESUMED_SECONDS)

    async def _send(self, producer: Callers) -> None:
        call = partial(_send, recipient_id=self.name, number=self.sends)
        response = await producer.answer(call, first=self.sends)
        self._newest = response.results[0].notification_id
        self.sends += 1

    async def _all_opened(self) -> bool:
        return all(witness.snapshots for witness in self.witnesses)

    async def _all_resumed(self) -> bool:
        return all(self._newest in witness.told for witness in self.witnesses)


@asynccontextmanager
async def _people(installation: Installation, seed: int, count: int) -> AsyncIterator[list[_Person]]:
    """With their devices, of which every other one is connected to another server."""
    async with AsyncExitStack() as stack:

        async def device(name: str, number: int) -> tuple[Witness, FaultProxy]:
            upstream = installation.address(number % len(installation.servers))
            wire = await stack.enter_async_context(FaultProxy(upstream))
            token = installation.token(name, "inbox")
            client = await stack.enter_async_context(AsyncClient(wire.target, token=token))
            return Witness(client, "", QUICK), wire

        people = []
        for name in (f"cut-{number}" for number in range(count)):
            devices = [await device(name, number) for number in range(_DEVICES)]
            witnesses, wires = zip(*devices, strict=True)
            people.append(_Person(name, seed, witnesses, wires))
        yield people


@sizes(short=StreamSize(100, 200), long=StreamSize(1_000, 20_000, 6))
async def test_p4_a_stream_resumes_without_a_gap_or_a_repetition(
    house: Installation, drill: Drill, size: StreamSize
) -> None:
    """Every stream is cut again and again while notifications are on their way to it: by a reset, in the
    middle of a frame, by a black hole; servers are killed. Each tells all that is in its inbox, in order.
    """
    blows = schedule(drill.seed, answers=size.cuts, blows=size.blows, strikes=("server",))
    nemesis = Nemesis(house, drill.seed, blows)
    async with (
        Callers(house, "shop", "notifications.send") as producer,
        Callers(house, "edge", "gateway") as gateway,
        _people(house, drill.seed, size.streams // _DEVICES) as people,
        watching(witness for person in people for witness in person.witnesses),
    ):
        async with asyncio.TaskGroup() as group:
            group.create_task(nemesis.rage(lambda: sum(person.cuts for person in people)))
            for person in people:
                group.create_task(person.live(producer, size.cuts // size.streams))
        verdict = Verdict()
        for person in people:
            inbox = [each.id for each in reversed(await holdings(gateway, [person.name]))]
            assert len(inbox) == person.sends
            for witness in person.witnesses:
                verdict.hear(witness, inbox)
    assert (verdict.disordered, verdict.afresh) == (0, 0)
    drill.finish(
        "P4",
        sends=sum(person.sends for person in people),
        kills=nemesis.kills,
        cuts=sum(person.cuts for person in people),
        lost=verdict.missed,
        doubled=verdict.repeated,
    )
