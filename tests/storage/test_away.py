"""A Postgres that is away is told to whoever waits for it, and is used again as soon as it answers."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
from collections.abc import AsyncIterator, Callable, Iterator

import pytest

from carillon_server.domain.errors import Unavailable
from carillon_server.embedded.postgres import Postgres
from carillon_server.embedded.process import processes_in
from carillon_server.storage.database import Connection, Database
from tests.engines import started
from tests.eventually import eventually

_PROMISED_SECONDS = 5
# The promise is two; the rest is for a machine that has other things to do.
_TOLD_SECONDS = 4


@pytest.fixture(scope="module")
def own_postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    with started(Postgres(tmp_path_factory.mktemp("away"))) as engine:
        yield engine


@pytest.fixture
async def database(own_postgres: Postgres) -> AsyncIterator[Database]:
    opened = await Database.connect(own_postgres.url, max_connections=2, timeout_seconds=10.0)
    yield opened
    await opened.close()


@pytest.fixture
def freeze(own_postgres: Postgres) -> Iterator[Callable[[bool], None]]:
    """Postgres stands still, or goes on."""

    def freeze(still: bool) -> None:  # noqa: FBT001 - one or the other
        for pid in processes_in(own_postgres.directory / "cluster", "postgres"):
            os.kill(pid, signal.SIGSTOP if still else signal.SIGCONT)

    yield freeze
    freeze(False)


async def _answers(database: Database) -> bool:
    try:
        return (await database.fetch("SELECT 1 AS one"))[0]["one"] == 1
    except Unavailable:
        return False


async def test_whoever_waits_for_a_postgres_that_stands_still_is_told_so(
    database: Database, freeze: Callable[[bool], None]
) -> None:
    """Those with a statement or a transaction under way or without a connection yet; who comes later, too."""

    async def work(connection: Connection) -> None:
        await connection.execute("SELECT pg_sleep(60)")

    waiting = [
        asyncio.ensure_future(database.fetch("SELECT pg_sleep(60)")),
        asyncio.ensure_future(database.transaction(work)),
        asyncio.ensure_future(database.fetch("SELECT pg_sleep(60)")),
    ]

    async def all_wait() -> bool:
        return len(database._spares._used) == 2 and bool(database._spares._waits)

    await eventually(all_wait)
    freeze(True)
    done, pending = await asyncio.wait(waiting, timeout=_TOLD_SECONDS)
    assert not pending
    assert {type(task.exception()) for task in done} == {Unavailable}
    with pytest.raises(Unavailable):
        await database.fetch("SELECT 1")
    freeze(False)

    async def is_back() -> bool:
        return await _answers(database)

    await eventually(is_back, _PROMISED_SECONDS)


async def test_a_session_that_ends_is_no_postgres_that_is_away(database: Database) -> None:
    """The connection that feels the pulse is lost like any other, and another one is had."""
    pulse = database._pulse

    async def feels() -> bool:
        return pulse._connection is not None

    await eventually(feels)
    lost = pulse._connection
    async with database.connection() as connection:
        own = await connection.fetchval("SELECT pg_backend_pid()")
        await connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> $1",
            own,
        )

    async def feels_again() -> bool:
        assert not pulse.away
        return pulse._connection not in (None, lost)

    await eventually(feels_again)


async def test_connections_to_a_server_that_cannot_be_written_to_are_replaced(own_postgres: Postgres) -> None:
    """As after a failover: who keeps talking to the old one would never write again."""
    database = await Database.connect(own_postgres.url, max_connections=1)

    async def write(connection: Connection) -> None:
        await connection.execute("CREATE TABLE written ()")

    await database.fetch("SET default_transaction_read_only = on")
    with pytest.raises(Unavailable):
        await database.transaction(write)
    await database.transaction(write)
    await database.close()


async def test_what_is_closed_soon_after_it_was_opened_leaves_no_error_behind(postgres_url: str) -> None:
    """Wherever the pulse is with its connection just then."""
    left: list[dict[str, object]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: left.append(context))
    for turns in range(30):
        database = await Database.connect(postgres_url, max_connections=1)
        for _ in range(turns):
            await asyncio.sleep(0)
        await database.close()
    gc.collect()
    assert left == []
