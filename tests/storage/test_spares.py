"""Connections that are kept at hand come back whole, and nobody waits for one that lies idle."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from carillon_server.storage.database import Database
from tests.eventually import eventually

_OWN_ID = "SELECT pg_backend_pid() AS id"


@pytest.fixture
async def database(postgres_url: str) -> AsyncIterator[Database]:
    opened = await Database.connect(postgres_url, max_connections=2)
    yield opened
    await opened.close()


async def test_one_use_after_the_other_takes_one_connection(database: Database) -> None:
    ids = {(await database.fetch(_OWN_ID))[0]["id"] for _ in range(5)}
    assert len(ids) == 1


async def test_more_uses_than_connections_are_all_served(database: Database) -> None:
    reads = [database.fetch("SELECT pg_sleep(0.005), pg_backend_pid() AS id") for _ in range(30)]
    ids = {rows[0]["id"] for rows in await asyncio.gather(*reads)}
    assert len(ids) == 2


async def test_a_use_that_was_given_up_leaves_nothing_behind(database: Database) -> None:
    given_up = [asyncio.create_task(database.fetch("SELECT pg_sleep(5)")) for _ in range(2)]
    await asyncio.wait(given_up, timeout=0.05)
    for task in given_up:
        task.cancel()
    await asyncio.wait(given_up)
    assert (await database.fetch("SELECT 1 AS one", timeout=2.0))[0]["one"] == 1


async def test_connections_that_were_cut_are_not_used_again(database: Database, postgres_url: str) -> None:
    async with database.connection() as first, database.connection() as second:
        cut = [await each.fetchval("SELECT pg_backend_pid()") for each in (first, second)]
    other = await Database.connect(postgres_url, max_connections=1)
    await other.fetch("SELECT pg_terminate_backend(id) FROM unnest($1::int[]) AS id", cut)

    async def cut_off() -> bool:
        return not await other.fetch("SELECT 1 FROM pg_stat_activity WHERE pid = ANY ($1::int[])", cut)

    await eventually(cut_off)
    await other.close()
    reads = await asyncio.gather(*(database.fetch(_OWN_ID) for _ in range(4)))
    assert {rows[0]["id"] for rows in reads}.isdisjoint(cut)
