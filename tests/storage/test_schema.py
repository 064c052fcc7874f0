"""The service starts on a database that has all its migrations, and says so of one that has not."""

from __future__ import annotations

from contextlib import nullcontext

import pytest

from carillon_server.storage.database import Database
from carillon_server.storage.migrate import head_revision
from carillon_server.storage.schema import REVISION, SchemaBehindError, check_schema


def test_the_needed_revision_is_the_newest_migration() -> None:
    assert head_revision() == REVISION


async def test_a_migrated_database_is_taken(postgres_url: str) -> None:
    database = await Database.connect(postgres_url, max_connections=2)
    await check_schema(database)
    await database.close()


@pytest.mark.parametrize(("revision", "taken"), [("9999", True), ("0000", False)])
async def test_a_newer_database_is_taken_and_an_older_refused(
    empty_postgres_url: str,
    revision: str,
    taken: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    database = await Database.connect(empty_postgres_url, max_connections=2)
    await database.fetch("CREATE TABLE alembic_version (version_num text)")
    await database.fetch("INSERT INTO alembic_version VALUES ($1)", revision)
    with nullcontext() if taken else pytest.raises(SchemaBehindError):
        await check_schema(database)
    await database.close()


async def test_an_empty_database_is_refused(empty_postgres_url: str) -> None:
    database = await Database.connect(empty_postgres_url, max_connections=2)
    with pytest.raises(SchemaBehindError):
        await check_schema(database)
    await database.close()
