"""Which schema this version needs. Apart from the migrations themselves, whose tools take long to import."""

from __future__ import annotations

from carillon_server.storage.database import Database

REVISION = "0003"
"""The newest migration."""


class SchemaBehindError(Exception):
    """The database lacks migrations of this version."""


async def check_schema(database: Database) -> None:
    """`SchemaBehindError` for a database that is behind. A newer one is fine: migrations only add."""
    exists = await database.fetchrow("SELECT to_regclass('alembic_version') IS NOT NULL")
    row = await database.fetchrow("SELECT version_num FROM alembic_version") if exists and exists[0] else None
    found = row[0] if row else "none"
    if row is None or found < REVISION:
        raise SchemaBehindError(
            f"the database is at revision {found}, not {REVISION}: run `carillon migrate`"
        )
