"""Broadcasts are forgotten when nothing shows them any more."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from carillon_server.domain.inbox import InboxAddress
from carillon_server.services.prune import PruneService
from tests.delivery.house import PRODUCER, TENANT, House
from tests.delivery.town import Town

_AGE = "UPDATE broadcast SET due_time = now() - interval '91 days'"


@pytest.fixture
async def town(postgres_url: str, redis_url: str) -> AsyncIterator[Town]:
    async with House.open(postgres_url, redis_url) as house:
        yield Town(house)


async def _prune(town: Town, limit: int = 10) -> int:
    service = PruneService(
        town.house.database, request_retention_seconds=3600, tombstone_retention_seconds=3600
    )
    return (await service.prune(limit)).done


async def _left(town: Town) -> tuple[int, int]:
    row = await town.house.database.fetchrow(
        "SELECT (SELECT count(*) FROM broadcast) AS broadcasts,"
        " (SELECT count(*) FROM broadcast_content) AS contents"
    )
    assert row is not None
    return row["broadcasts"], row["contents"]


async def test_one_stays_while_a_notification_shows_its_words(town: Town) -> None:
    await town.topic("ada", "bob")
    id_ = await town.begin()
    async with town.house.working():
        await town.ended(id_)
    assert await _prune(town) == 0
    await town.house.database.fetch(_AGE)
    await town.house.recipients.delete(InboxAddress(TENANT, "ada"), timeout=5)
    assert await _prune(town) == 1
    assert await _left(town) == (1, 1)
    assert await _prune(town) == 0, "it is looked at again after as long a time"
    await town.house.recipients.delete(InboxAddress(TENANT, "bob"), timeout=5)
    await town.house.database.fetch(_AGE)
    assert await _prune(town) == 1
    assert await _left(town) == (0, 0)


async def test_a_few_at_a_time_and_none_that_has_not_ended(town: Town) -> None:
    await town.topic("ada")
    later = datetime.now(UTC) + timedelta(days=300)
    ids = [await town.begin(deliver_time=later) for _ in range(4)]
    for id_ in ids[:3]:
        await town.house.broadcasts.cancel(PRODUCER, id_, timeout=5)
    assert await _prune(town) == 0
    await town.house.database.fetch(_AGE)
    assert [await _prune(town, 2) for _ in range(3)] == [2, 1, 0]
    assert await _left(town) == (1, 0)
