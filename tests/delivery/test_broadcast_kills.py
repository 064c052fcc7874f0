"""Exactly once, whatever is killed."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from random import Random

import pytest

from carillon_server.domain.broadcast import BroadcastState
from tests.delivery.house import House
from tests.delivery.town import Town
from tests.eventually import eventually

_HERALD = Path(__file__).with_name("herald_process.py")
_KILLS = 4
_MEMBERS = 1_500


@asynccontextmanager
async def herald(house: House) -> AsyncIterator[asyncio.subprocess.Process]:
    """A worker to be killed."""
    urls = (house.settings.database_url.get_secret_value(), house.settings.redis_url.get_secret_value())
    process = await asyncio.create_subprocess_exec(
        sys.executable, _HERALD, *urls, cwd=Path(__file__).parents[2]
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def _came_to(town: Town, count: int) -> bool:
    return len(await town.told()) >= count


@pytest.fixture
async def town(postgres_url: str, redis_url: str) -> AsyncIterator[Town]:
    async with House.open(postgres_url, redis_url, lease_seconds=1.0) as house:
        yield Town(house)


async def test_each_member_is_told_once_however_often_the_worker_is_killed(town: Town) -> None:
    """kill -9 at random points of the fan-out, again and again: no doubles, no losses, exact counts."""
    names = await town.crowd(_MEMBERS)
    id_ = await town.begin()
    rng, told = Random(7), 0
    for _ in range(_KILLS):
        async with herald(town.house) as victim:
            goal = told + 1 + rng.randrange(_MEMBERS // _KILLS)
            await eventually(partial(_came_to, town, goal), 30)
            victim.kill()
        told = len(await town.told())
        broadcast = await town.look(id_)
        assert broadcast.notified_count == broadcast.processed_count == told
    assert broadcast.state is BroadcastState.RUNNING
    async with town.house.working():
        broadcast = await town.ended(id_)
    assert await town.told() == dict.fromkeys(names, 1)
    assert (broadcast.processed_count, broadcast.notified_count) == (_MEMBERS, _MEMBERS)


async def test_a_worker_that_stood_still_past_its_lease_writes_nothing(town: Town) -> None:
    """SIGSTOP, somebody else goes on, SIGCONT: its chunk is rolled back."""
    names = await town.crowd(_MEMBERS)
    id_ = await town.begin()

    async with herald(town.house) as sleeper:
        await eventually(partial(_came_to, town, 1), 30)
        sleeper.send_signal(signal.SIGSTOP)
        async with town.house.working():
            await eventually(partial(_came_to, town, len(await town.told()) + 200), 30)
            sleeper.send_signal(signal.SIGCONT)
            broadcast = await town.ended(id_)
    assert await town.told() == dict.fromkeys(names, 1)
    assert broadcast.notified_count == _MEMBERS
