"""P3 and P26: versions without gaps, and counters that equal a recount, whatever was killed."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from functools import partial

import pytest

from tests.eventually import eventually
from tests.faults.callers import Callers, in_flight
from tests.faults.device import Device
from tests.faults.installation import Installation
from tests.faults.nemesis import Nemesis, schedule
from tests.faults.options import Size, sizes
from tests.faults.oracle import Oracle, holdings
from tests.faults.outcome import Drill
from tests.faults.storm import PEOPLE, Storm, marks_reach, wrong_counters
from tests.faults.witness import Verdict, Witness, watching
from tests.faults.writers import INBOXES, Writers, place, recipient, send

pytestmark = pytest.mark.asyncio(loop_scope="module")

_WRITERS = 200
_STORM_IN_FLIGHT = 12
_TOLD_SECONDS = 60
_STRIKES = ("server", "backend", "postmaster", "valkey")


@sizes(short=Size(600, 6), long=Size(20_000, 100))
async def test_p3_versions_are_gap_free_and_in_commit_order(
    shared_installation: Installation, drill: Drill, size: Size
) -> None:
    """Two hundred writers send to fifty inboxes at two servers. A tenth of the calls is given up half-way;
    connections of callers are reset, sessions of Postgres ended. Every device of an inbox, at whichever
    server, is told of versions 1, 2, 3… in this order.
    """
    installation, oracle = shared_installation, Oracle()
    addresses = await installation.proxied()
    blows = schedule(drill.seed, answers=size.sends, blows=size.blows, strikes=("cut", "sessions"))
    nemesis = Nemesis(installation, drill.seed, blows, drill.tell)
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        producer = await enter(Callers(installation, "shop", "notifications.send", addresses=addresses))
        gateway = await enter(Callers(installation, "edge", "gateway", addresses=addresses))
        # Each inbox has a device at each server.
        witnesses = [Witness(client, recipient(n)) for n in range(INBOXES) for client in gateway.clients]
        await enter(watching(witnesses))
        await eventually(partial(_all_look, witnesses), _TOLD_SECONDS)
        writers = Writers(drill.seed, producer, oracle)
        done = 0

        async def write(number: int) -> None:
            nonlocal done
            await writers.write(number)
            done += 1

        async with asyncio.TaskGroup() as group:
            group.create_task(nemesis.rage(lambda: done))
            await in_flight((write(number) for number in range(size.sends)), _WRITERS)
        verdict, held = Verdict(), []
        for name in map(recipient, range(INBOXES)):
            last = await producer.answer(partial(send, number=size.sends + len(held), names=[name]))
            inbox = list(reversed(await holdings(gateway, [name])))
            held += inbox
            assert [place(each.id) for each in inbox] == list(range(1, len(inbox) + 1))
            own = [witness for witness in witnesses if witness.recipient_id == name]
            await eventually(partial(_all_told, own, last.results[0].notification_id), _TOLD_SECONDS)
            for witness in own:
                verdict.hear(witness, [each.id for each in inbox])
    assert (verdict.disordered, verdict.afresh, writers.disordered()) == (0, 0, 0)
    drill.finish(
        "P3",
        sends=size.sends,
        cuts=nemesis.cuts + writers.aborts,
        lost=len(oracle.lost(held)) + verdict.missed,
        doubled=len(oracle.doubled(held)) + verdict.repeated,
    )


async def _all_look(witnesses: Sequence[Witness]) -> bool:
    return all(witness.snapshots for witness in witnesses)


async def _all_told(witnesses: Sequence[Witness], id_: str) -> bool:
    return all(id_ in witness.told[-1:] for witness in witnesses)


@sizes(short=Size(400, 5), long=Size(12_000, 30))
async def test_p26_counters_equal_a_recount(
    shared_installation: Installation, drill: Drill, size: Size
) -> None:
    """Sends and marks of a few people, all at once, while servers and Postgres are killed. Afterwards every
    counter is what a recount says, and each person's other device shows the same.
    """
    installation = shared_installation
    blows = schedule(
        drill.seed,
        answers=size.sends,
        blows=size.blows,
        strikes=_STRIKES,
    )
    nemesis = Nemesis(installation, drill.seed, blows, drill.tell)
    async with (
        Callers(installation, "shop", "notifications.send") as producer,
        Callers(installation, "edge", "gateway") as gateway,
    ):
        devices = [Device(gateway.clients[n % 2], f"person-{n}") for n in range(PEOPLE)]
        following = [asyncio.create_task(device.follow()) for device in devices]
        storm = Storm(drill.seed, producer, gateway)
        async with asyncio.TaskGroup() as group:
            group.create_task(nemesis.rage(lambda: storm.answer_count))
            await in_flight((storm.step(number) for number in range(size.sends)), _STORM_IN_FLIGHT)
        wrong = [await wrong_counters(gateway, device.recipient_id) for device in devices]
        for device in devices:
            await marks_reach(gateway, device)
        for task in following:
            task.cancel()
        await asyncio.gather(*following, return_exceptions=True)
    assert wrong == [[]] * PEOPLE
    drill.finish("P26", sends=size.sends, kills=nemesis.kills)
