"""The types of tenants."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence

from carillon_server.domain.notification_type import NotificationType
from carillon_server.domain.type_document import dump_type, load_type
from carillon_server.storage.database import Connection, Record

_COLUMNS = "name, catalog, document, create_time, update_time"
_FETCH = (
    f"SELECT {_COLUMNS} FROM notification_type WHERE tenant = $1 AND name = ANY ($2::text[]) ORDER BY name"
)
_FETCH_ALL = f"SELECT {_COLUMNS} FROM notification_type WHERE tenant = $1 ORDER BY name"
_PAGE = f"""
SELECT {_COLUMNS} FROM notification_type
WHERE tenant = $1 AND name > $2 AND ($3 = '' OR catalog = $3) ORDER BY name LIMIT $4
"""
_PUT = f"""
INSERT INTO notification_type AS t (tenant, name, catalog, document) VALUES ($1, $2, $3, $4::jsonb)
ON CONFLICT (tenant, name) DO UPDATE SET catalog = excluded.catalog, document = excluded.document,
    update_time = now()
RETURNING {_COLUMNS}
"""
_DELETE = "DELETE FROM notification_type WHERE tenant = $1 AND name = ANY ($2::text[])"


async def fetch_types(
    connection: Connection, tenant: str, names: Collection[str] | None = None
) -> Sequence[NotificationType]:
    """Those of these names, or all, by name."""
    rows = await (
        connection.fetch(_FETCH_ALL, tenant)
        if names is None
        else connection.fetch(_FETCH, tenant, list(names))
    )
    return [read_type(row) for row in rows]


async def fetch_type(connection: Connection, tenant: str, name: str) -> NotificationType | None:
    """One."""
    return next(iter(await fetch_types(connection, tenant, (name,))), None)


async def fetch_type_page(
    connection: Connection, tenant: str, *, after: str, catalog: str, limit: int
) -> Sequence[NotificationType]:
    """By name, those after this one; `catalog`: only what it brought, empty: all."""
    return [read_type(row) for row in await connection.fetch(_PAGE, tenant, after, catalog, limit)]


async def count_types(connection: Connection, tenant: str) -> int:
    """How many the tenant has."""
    return int(await connection.fetchval("SELECT count(*) FROM notification_type WHERE tenant = $1", tenant))


async def put_type(connection: Connection, tenant: str, kind: NotificationType) -> NotificationType:
    """Adds it, or replaces the one of its name."""
    row = await connection.fetchrow(_PUT, tenant, kind.name, kind.catalog, json.dumps(dump_type(kind)))
    if row is None:
        raise LookupError("an upsert returns its row")
    return read_type(row)


async def delete_types(connection: Connection, tenant: str, names: Collection[str]) -> None:
    """Those that are there; their templates are left."""
    await connection.execute(_DELETE, tenant, list(names))


def read_type(row: Record) -> NotificationType:
    """Raises LookupError, TypeError or ValueError where a newer version wrote it."""
    document = json.loads(row["document"])
    return load_type(row["name"], document, row["catalog"], row["create_time"], row["update_time"])
