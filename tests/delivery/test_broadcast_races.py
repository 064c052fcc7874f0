"""Broadcasts while others work at them, stop them, or wait behind them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from carillon_server.domain.broadcast import BroadcastState
from carillon_server.domain.identity import Principal, Role
from carillon_server.services import fan_out
from tests.delivery.house import PRODUCER, House
from tests.delivery.town import Town
from tests.eventually import eventually


@pytest.fixture
async def town(postgres_url: str, redis_url: str) -> AsyncIterator[Town]:
    async with House.open(postgres_url, redis_url) as house:
        yield Town(house)


async def test_cancelled_in_the_middle_nobody_more_is_told(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fan_out, "CHUNK_SIZE", 5)
    names = await town.crowd(2_000)
    id_ = await town.begin()

    async def under_way() -> bool:
        return (await town.look(id_)).notified_count > 0

    async with town.house.working():
        await eventually(under_way)
        cancelled = await town.house.broadcasts.cancel(PRODUCER, id_, timeout=5)
        told = await town.told()
        again = await town.begin()  # what comes after it goes on
        await town.house.broadcasts.cancel(PRODUCER, again, timeout=5)
        await asyncio.gather(*(town.look(id_) for _ in range(50)))
    assert cancelled.state is BroadcastState.CANCELLED
    assert 0 < cancelled.notified_count == len(told) < len(names)
    assert {name: count for name, count in (await town.told()).items() if name in told}.keys() == told.keys()
    assert (await town.look(id_)).notified_count == cancelled.notified_count


async def test_several_workers_share_the_work_and_nobody_is_told_twice(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fan_out, "CHUNK_SIZE", 20)
    monkeypatch.setattr(fan_out, "TURN_SECONDS", 0.05)
    names = await town.crowd(600)
    ids = [await town.begin() for _ in range(3)]
    async with town.house.working(), town.house.working():
        for id_ in ids:
            assert (await town.ended(id_)).notified_count == len(names)
    assert await town.told() == dict.fromkeys(names, 3)


async def test_a_small_broadcast_does_not_wait_behind_a_huge_one_of_another_tenant(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fan_out, "CHUNK_SIZE", 5)
    monkeypatch.setattr(fan_out, "TURN_SECONDS", 0.1)
    await town.crowd(3_000)
    huge = [await town.begin() for _ in range(3)]
    await town.topic("ada", tenant="umbrella")
    other = Principal("umbrella", "billing", frozenset({Role.PRODUCER}))
    small = await town.begin(principal=other)
    async with town.house.working():
        await town.ended(small, principal=other)
        assert [(await town.look(id_)).finish_time for id_ in huge] == [None] * 3
