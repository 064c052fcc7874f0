"""P6: what happens to streams while Redis is away, hangs, or tells nobody anything: nothing but a delay."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from itertools import cycle, islice
from pathlib import Path
from random import Random

import pytest

from carillon import AsyncClient
from carillon.v1.notification_service_pb2 import SendResponse
from tests.eventually import eventually
from tests.faults.callers import Callers
from tests.faults.installation import Installation
from tests.faults.options import Size, sizes
from tests.faults.outcome import Drill
from tests.faults.quantiles import milliseconds
from tests.faults.redis_faults import FAULTS, KILLS
from tests.faults.vitals import Vitals
from tests.faults.witness import Verdict, Witness, watching

_ROUNDS = 4
"""In which everybody is sent something, while one fault lasts."""
_TOLD_SECONDS = 60
_HEALED_SECONDS = 60
_LATE_SECONDS = 2.5
"""What is promised."""


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[Installation]:
    """Two servers with a Redis that can lose hints."""
    async with Installation(tmp_path, workers=0, lossy_redis=True) as installation:
        yield installation


class _Audience:
    """People with a stream at each server; what one server commits, the other one has to hear of."""

    def __init__(self, people: Sequence[str], witnesses: Sequence[Witness], producer: Callers) -> None:
        self.ids: dict[str, list[str]] = {name: [] for name in people}
        self.witnesses = witnesses
        self._producer = producer

    @property
    def sends(self) -> int:
        return sum(map(len, self.ids.values()))

    async def tell_all(self) -> None:
        """Sends to everybody, each time by the other server, and waits until all streams have told it."""
        await asyncio.gather(*(self._send(name, number) for number, name in enumerate(self.ids)))
        await eventually(self._all_told, _TOLD_SECONDS)

    async def opened(self) -> None:
        async def all_opened() -> bool:
            return all(witness.snapshots for witness in self.witnesses)

        await eventually(all_opened, _TOLD_SECONDS)

    def verdict(self) -> Verdict:
        verdict = Verdict()
        for witness in self.witnesses:
            verdict.hear(witness, self.ids[witness.recipient_id])
        return verdict

    async def _send(self, name: str, number: int) -> None:
        sent = self.ids[name]
        call = partial(_send, recipient_id=name, request_id=f"{name}-{len(sent)}")
        response = await self._producer.answer(call, first=number + len(sent))
        sent.append(response.results[0].notification_id)

    async def _all_told(self) -> bool:
        return all(self.ids[witness.recipient_id][-1] in witness.told for witness in self.witnesses)


async def _send(client: AsyncClient, recipient_id: str, request_id: str) -> SendResponse:
    return await client.send(
        type="scan.completed",
        recipient_ids=[recipient_id],
        content={"title": "Scan finished"},
        request_id=request_id,
    )


@asynccontextmanager
async def _audience(house: Installation, producer: Callers, streams: int) -> AsyncIterator[_Audience]:
    people = [f"listener-{number}" for number in range(streams // len(house.servers))]
    token = house.token("edge", "gateway")
    async with AsyncExitStack() as stack:
        clients = [
            await stack.enter_async_context(AsyncClient(house.address(number), token=token))
            for number in range(len(house.servers))
        ]
        witnesses = [Witness(client, name) for client in clients for name in people]
        await stack.enter_async_context(watching(witnesses))
        audience = _Audience(people, witnesses, producer)
        await audience.opened()
        yield audience


async def _heals(audience: _Audience, servers: Sequence[Vitals]) -> None:
    """Each server hears hints again."""
    heard = [server.metric("carillon_hints_received_total") for server in servers]

    async def all_hear() -> bool:
        await audience.tell_all()
        pairs = zip(servers, heard, strict=True)
        return all(server.metric("carillon_hints_received_total") > before for server, before in pairs)

    await eventually(all_hear, _HEALED_SECONDS)


@sizes(short=Size(20, 3), long=Size(200, 12))
async def test_p6_streams_are_told_without_hints_and_hints_come_back(
    house: Installation, drill: Drill, size: Size
) -> None:
    """Redis loses every hint, is frozen, killed, restarted, away, cuts all connections, while people are sent
    something at both servers. All is told while that lasts; afterwards each server hears the other again.
    """
    servers = [house.vitals(number) for number in range(len(house.servers))]
    struck = list(islice(cycle(Random(drill.seed).sample(sorted(FAULTS), len(FAULTS))), size.blows))
    async with (
        Callers(house, "shop", "notifications.send") as producer,
        _audience(house, producer, size.sends) as audience,
    ):
        await _heals(audience, servers)
        for name in struck:
            async with FAULTS[name](house):
                for _ in range(_ROUNDS if drill.kept else 1):
                    await audience.tell_all()
            await _heals(audience, servers)
        verdict = audience.verdict()
        delays = [delay for witness in audience.witnesses for delay in witness.delays_seconds]
    assert (verdict.disordered, verdict.afresh) == (0, 0)
    late = sum(delay > _LATE_SECONDS for delay in delays)
    drill.finish(
        "P6",
        sends=audience.sends,
        kills=sum(name in KILLS for name in struck),
        lost=verdict.missed,
        doubled=verdict.repeated,
        measured=f"{size.blows} faults; from a commit to its streams at most {max(delays):.1f} s, "
        f"p99 {milliseconds(delays, 0.99)} ms; {late} of {len(delays):,} later than {_LATE_SECONDS} s",
    )
