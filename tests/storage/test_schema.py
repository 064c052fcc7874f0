"""The service starts on a database that has all its migrations, and says so of one that has not."""

from __future__ import annotations

import pytest

from carillon_server.storage.database import Database
from carillon_server.storage.migrate import head_revision
from carillon_server.storage.schema import REVISION, SchemaBehindError, check_schema


def test_the_needed_revision_is_the_newest_migration() -> None:
    assert head_revision() == REVISION


async def test_a_migrated_database_is_taken(postgres_url: str) -> None:
    database = await Database.connect(postgres_url, max_connections=2)
    await check_schema(database)
    await database.fetch("UPDATE alembic_version SET version_num = '9999'")
    await check_schema(database)
    await database.close()


async def test_an_empty_database_is_refused(empty_postgres_url: str) -> None:
    database = await Database.connect(empty_postgres_url, max_connections=2)
    with pytest.raises(SchemaBehindError):
        await check_schema(database)
    await database.close()
