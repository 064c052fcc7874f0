"""Broadcasts that meet what nobody foresaw."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from carillon_server.domain.broadcast import BroadcastState
from carillon_server.domain.ids import BroadcastId
from carillon_server.services import fan_out
from tests.delivery.house import House
from tests.delivery.town import Town
from tests.eventually import eventually


@pytest.fixture
async def town(postgres_url: str, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Town]:
    monkeypatch.setattr(fan_out, "FIRST_WAIT_SECONDS", 0.02)
    monkeypatch.setattr(fan_out, "LONGEST_WAIT_SECONDS", 0.1)
    monkeypatch.setattr(fan_out, "CHUNK_SIZE", 10)
    async with House.open(postgres_url, redis_url) as house:
        yield Town(house)


@asynccontextmanager
async def refusing(town: Town, table: str, condition: str) -> AsyncIterator[None]:
    """The database takes no row for which this does not hold: a fault that the service knows nothing of."""
    await town.house.database.fetch(f"ALTER TABLE {table} ADD CONSTRAINT odd CHECK ({condition}) NOT VALID")
    try:
        yield
    finally:
        await town.house.database.fetch(f"ALTER TABLE {table} DROP CONSTRAINT odd")


async def _faults(town: Town, id_: BroadcastId) -> int:
    row = await town.house.database.fetchrow(
        "SELECT fault_count FROM broadcast WHERE broadcast_id = $1", id_.raw
    )
    assert row is not None
    return int(row["fault_count"])


async def test_one_that_faults_again_and_again_ends_with_a_reason(town: Town) -> None:
    await town.crowd(30)
    id_ = await town.begin()
    async with refusing(town, "broadcast", "position < 'person-00015'"), town.house.working():
        broadcast = await town.ended(id_, BroadcastState.FAILED)
    assert broadcast.failure.startswith(f"INTERNAL: the service failed {fan_out.MAX_FAULTS} times")
    assert broadcast.notified_count == len(await town.told()) == 10


async def test_a_fault_that_passes_costs_nobody_their_notification(town: Town) -> None:
    names = await town.crowd(30)
    id_ = await town.begin()

    async def has_faulted() -> bool:
        return await _faults(town, id_) >= 2

    async with town.house.working():
        async with refusing(town, "broadcast", "position < 'person-00015'"):
            await eventually(has_faulted)
        broadcast = await town.ended(id_)
    assert (broadcast.notified_count, broadcast.failure) == (30, "")
    assert await town.told() == dict.fromkeys(names, 1)
    assert await _faults(town, id_) == 0


async def test_what_cannot_be_read_back_keeps_no_other_waiting(town: Town) -> None:
    await town.topic("ada")
    broken = await town.begin()
    await town.house.database.fetch("UPDATE broadcast SET request = 'nonsense'::bytea")
    fine = await town.begin()
    async with town.house.working():
        assert (await town.ended(fine)).notified_count == 1
        await town.ended(broken, BroadcastState.FAILED)
    assert await town.told() == {"ada": 1}
