"""The epoch of the installation changes when, and only when, another history of the database answers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest

from carillon_server.embedded.postgres import OWNER, Postgres
from carillon_server.storage.database import Database
from carillon_server.storage.installation import Installation, bump_installation_epoch
from carillon_server.storage.migrate import upgrade
from tests.eventually import eventually

_WAITING = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"


@pytest.fixture
async def database(postgres_url: str) -> AsyncIterator[Database]:
    database = await Database.connect(postgres_url, max_connections=10)
    yield database
    await database.close()


async def test_the_epoch_stays_while_the_same_server_answers(database: Database) -> None:
    first = Installation(database)
    assert await first.refresh()
    assert not await first.refresh()
    again = Installation(database)
    await again.refresh()
    assert again.epoch == first.epoch > 0


@pytest.mark.parametrize(
    "difference", ["system_identifier = system_identifier + 1", "timeline = timeline + 1"]
)
async def test_another_server_raises_it_once_however_many_notice(database: Database, difference: str) -> None:
    processes = [Installation(database) for _ in range(5)]
    await processes[0].refresh()
    before = processes[0].epoch
    await database.fetch(f"UPDATE installation SET {difference}")
    async with database.connection() as connection:
        async with connection.transaction():
            await connection.execute("SELECT FROM installation FOR UPDATE")
            noticing = asyncio.gather(*(process.refresh() for process in processes))

            async def all_wait() -> bool:
                row = await database.fetchrow(_WAITING)
                return row is not None and row[0] == len(processes)

            await eventually(all_wait)
        await noticing
    assert {process.epoch for process in processes} == {processes[0].epoch}
    assert processes[0].epoch > before
    assert not await processes[0].refresh()


async def test_operators_can_raise_it(database: Database) -> None:
    installation = Installation(database)
    await installation.refresh()
    before = installation.epoch
    raised = await bump_installation_epoch(database)
    assert await installation.refresh()
    assert installation.epoch == raised > before


async def test_an_epoch_raised_after_a_backup_does_not_come_again(database: Database) -> None:
    """The backup knows nothing of what was raised after it; the clock does."""
    installation = Installation(database)
    await installation.refresh()
    await database.fetch("UPDATE installation SET epoch = epoch - 1000")
    assert await bump_installation_epoch(database) >= installation.epoch


@pytest.fixture
def reticent_url(postgres: Postgres) -> Iterator[str]:
    """A database whose server does not say who it is, as with some managed ones."""
    postgres.query(f"CREATE DATABASE reticent TEMPLATE template0 OWNER {OWNER}")
    postgres.query("REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC", "reticent")
    url = f"{postgres.url.rpartition('/')[0]}/reticent"
    upgrade(url)
    yield url
    postgres.query("DROP DATABASE reticent WITH (FORCE)")


async def test_a_server_that_does_not_tell_who_it_is_keeps_its_epoch(reticent_url: str) -> None:
    database = await Database.connect(reticent_url, max_connections=2)
    installation = Installation(database)
    assert await installation.refresh()
    assert not await installation.refresh()
    assert await bump_installation_epoch(database) > 0
    assert await installation.refresh()
    await database.close()
