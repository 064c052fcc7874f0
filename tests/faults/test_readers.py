"""P12 and P13: what readers that take nothing, or go without a word, cost."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from functools import partial
from pathlib import Path

import pytest

from carillon import AsyncClient
from tests.eventually import eventually
from tests.faults.callers import Callers
from tests.faults.helper import Helper
from tests.faults.installation import Installation
from tests.faults.options import StreamSize, sizes
from tests.faults.outcome import Drill
from tests.faults.proxy import FaultProxy
from tests.faults.quantiles import milliseconds
from tests.faults.town import OPENED_SECONDS, Town, peopled
from tests.faults.vitals import Vitals
from tests.faults.witness import Witness, watching

_KIB = 1024
_FLOOD_ROUNDS = 40
_FLOOD_BODY = "x" * 10_000
"""So often this: more than what an idle reader may cost."""
_CALM_ROUNDS = 10
_ENDED_SECONDS = 120
_MAX_BYTES_PER_IDLER = 256 * _KIB
"""What is promised."""
_SERVERS_BYTES = 32 * _KIB * _KIB
"""What two servers take beside, once they have something to do."""
_NOTICED_SECONDS = 20
"""What is promised."""
_KEPT_BYTES = 200
"""Of each of many streams: less than any object of a stream takes."""
_POOL_FILES = 10
"""The pool of connections to Postgres grows and shrinks."""


@pytest.fixture
async def house(tmp_path: Path, drill: Drill) -> AsyncIterator[Installation]:
    """Two servers; the short drill does not wait for as long as they would in production."""
    changed = {} if drill.kept else {"slow_reader_seconds": 1}
    async with Installation(tmp_path, workers=0, **changed) as installation:
        yield installation


async def _rounds(town: Town, rounds: int, body: str = "") -> None:
    for _ in range(rounds):
        await town.send_to_all(body)


async def _calm_rounds(town: Town) -> None:
    """One after the other: each is told to everybody before the next one begins."""
    for _ in range(_CALM_ROUNDS):
        await town.send_to_all()
        assert await town.late(OPENED_SECONDS) == 0


def _memory_bytes(servers: Sequence[Vitals]) -> int:
    return sum(server.memory_bytes for server in servers)


async def _counts(servers: Sequence[Vitals], name: str, number: int) -> bool:
    values = await asyncio.gather(*(asyncio.to_thread(server.metric, name) for server in servers))
    return sum(values) == number


@sizes(short=StreamSize(30), long=StreamSize(2_000))
async def test_p12_readers_that_take_nothing_cost_little_delay_nobody_and_are_ended(
    house: Installation, drill: Drill, size: StreamSize
) -> None:
    """As many readers that stop reading as readers that do not. Those are told everything; these are ended,
    and go on from their cursors.
    """
    servers = [house.vitals(number) for number in range(len(house.servers))]
    async with (
        Callers(house, "shop", "notifications.send") as producer,
        peopled(house, producer, [f"reader-{number}" for number in range(size.streams)]) as readers,
    ):
        await _calm_rounds(readers)
        alone = (await readers.compare()).delays_seconds
        before = _memory_bytes(servers)
        idle_people = [f"idler-{number}" for number in range(size.streams)]
        async with peopled(house, producer, idle_people, module="idlers") as idlers:
            await _rounds(idlers, _FLOOD_ROUNDS, _FLOOD_BODY)
            cost = (_memory_bytes(servers) - before) / size.streams
            await _calm_rounds(readers)
            beside = (await readers.compare()).delays_seconds
            ended = partial(_counts, servers, "carillon_slow_readers_total", size.streams)
            await eventually(ended, _ENDED_SECONDS)
            await eventually(partial(_counts, servers, "carillon_streams_open", size.streams), _ENDED_SECONDS)
            for answer in await idlers.ask("resumed", count=idlers.rounds, within_seconds=_ENDED_SECONDS):
                assert answer["ends"] == ["SLOW_READER"]
            resumed = await idlers.compare()
        told = await readers.compare()
    assert cost <= _MAX_BYTES_PER_IDLER + _SERVERS_BYTES / size.streams
    assert told.afresh == 0
    drill.finish(
        "P12",
        sends=size.streams * (readers.rounds + idlers.rounds),
        cuts=size.streams,
        lost=told.missed + resumed.missed,
        doubled=told.repeated + resumed.repeated,
        measured=f"{cost / _KIB:.0f} KiB for each that takes nothing; p99 from a commit to all others "
        f"{milliseconds(beside, 0.99)} ms (without them: {milliseconds(alone, 0.99)} ms)",
    )


async def _nothing_left(servers: Sequence[Vitals]) -> bool:
    """Neither a stream nor a connection."""
    connections = sum(server.connections for server in servers)
    return not connections and await _counts(servers, "carillon_streams_open", 0)


async def _vanish(house: Installation, streams: int) -> float:
    """Streams whose clients go without a word; the seconds until the server has noticed."""
    vitals = [house.vitals(0)]
    token = house.token("edge", "gateway")
    async with FaultProxy(house.address(0)) as wire, AsyncClient(wire.target, token=token) as client:
        witnesses = [Witness(client, f"vanished-{number}") for number in range(streams)]
        async with watching(witnesses):
            await eventually(partial(_counts, vitals, "carillon_streams_open", streams), OPENED_SECONDS)
            wire.black_hole(new_connections=True)
            start = time.monotonic()
            await eventually(partial(_counts, vitals, "carillon_streams_open", 0), _NOTICED_SECONDS)
            return time.monotonic() - start


@sizes(short=StreamSize(1_000), long=StreamSize(100_000, cuts=200))
async def test_p13_streams_that_are_given_up_leave_nothing_behind(
    house: Installation, drill: Drill, size: StreamSize
) -> None:
    """Streams are opened and given up, at once or after a message, one by one or with their connections; the
    clients of others vanish in a black hole (that alone takes 15 s). Nothing of them is left.
    """
    servers = [house.vitals(number) for number in range(len(house.servers))]
    caller = {"target": house.target, "token": house.token("edge", "gateway"), "seed": drill.seed}
    async with Helper.running("fickle", **caller) as fickle:
        await fickle.ask("soak", streams=size.streams // 5)
        await eventually(partial(_nothing_left, servers), OPENED_SECONDS)
        files, memory = [server.open_files for server in servers], _memory_bytes(servers)
        await fickle.ask("soak", streams=size.streams - size.streams // 5)
        await eventually(partial(_nothing_left, servers), OPENED_SECONDS)
    kept = (_memory_bytes(servers) - memory) / size.streams
    more = [server.open_files - before for server, before in zip(servers, files, strict=True)]
    seconds = await _vanish(house, size.cuts) if size.cuts else 0
    assert max(more) <= _POOL_FILES
    if drill.kept:  # a thousand streams show nothing beside what Python takes and gives back by itself
        assert kept <= _KEPT_BYTES
    drill.finish(
        "P13",
        sends=0,
        cuts=size.streams + size.cuts,
        measured=f"{kept:,.0f} bytes kept for each stream; vanished clients gone after {seconds:.0f} s",
    )
