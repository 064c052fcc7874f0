"""P14: when one of two servers dies, all of its streams go on at the other one."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path
from random import Random

import pytest

from tests.faults.callers import Callers
from tests.faults.helper import Helper, Words
from tests.faults.installation import Installation
from tests.faults.options import StreamSize, sizes
from tests.faults.outcome import Drill
from tests.faults.quantiles import milliseconds
from tests.faults.town import OPENED_SECONDS, peopled

_RESUMED_SECONDS = 30
"""What is promised."""
_CALLS = 30
"""At least, for a figure of calls beside."""


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[Installation]:
    """Streams come by one address, services may take the other."""
    async with Installation(tmp_path, workers=0, inner_addresses=True) as installation:
        yield installation


@sizes(short=StreamSize(100), long=StreamSize(10_000))
async def test_p14_streams_of_a_killed_server_are_resumed_within_30_seconds(
    house: Installation, drill: Drill, size: StreamSize
) -> None:
    """One of two servers is killed while everybody is sent something, and again something before all streams
    are back. Each of them tells both.
    """
    people = [f"resident-{number}" for number in range(size.streams)]
    token = house.token("edge", "gateway")
    async with (
        Callers(house, "shop", "notifications.send") as producer,
        peopled(house, producer, people) as town,
        Helper.running("beside", target=house.target, token=token) as beside,
        Helper.running("beside", target=house.inner_target, token=token) as within,
    ):
        calm = [await each.ask("report", calls=_CALLS) for each in (beside, within)]
        await town.send_to_all()
        assert await town.late(OPENED_SECONDS) == 0
        for each in (beside, within):
            await each.ask("report", calls=0)  # what came since is of no interest
        sending = asyncio.create_task(town.send_to_all())
        Random(drill.seed).choice(house.servers).kill()
        killed = time.monotonic()
        await sending
        await town.send_to_all()
        late = await town.late(_RESUMED_SECONDS - (time.monotonic() - killed))
        seconds = time.monotonic() - killed
        calls = [await each.ask("report", calls=_CALLS) for each in (beside, within)]
        told = await town.compare()
    assert (late, told.afresh) == (0, 0)
    drill.finish(
        "P14",
        sends=town.rounds * size.streams,
        kills=1,
        cuts=size.streams // 2,
        lost=told.missed,
        doubled=told.repeated,
        measured=f"all resumed after {seconds:.1f} s; p99 of a call beside: {_compared(calls[0], calm[0])}; "
        f"by the inner address: {_compared(calls[1], calm[1])}",
    )


def _compared(calls: Words, calm: Words) -> str:
    p99, before = (milliseconds(each["seconds"], 0.99) for each in (calls, calm))
    return f"{p99} ms (before: {before} ms), {calls['failures']} failed"
