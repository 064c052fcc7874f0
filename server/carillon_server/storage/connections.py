"""How many connections Postgres takes."""

from __future__ import annotations

from carillon_server.storage.database import Database


async def max_connections(database: Database) -> int:
    """Those of everybody together, without what is kept for superusers."""
    row = await database.fetchrow(
        "SELECT current_setting('max_connections')::int"
        " - current_setting('superuser_reserved_connections')::int"
    )
    return int(row[0]) if row else 0
