"""The layouts and partials of tenants."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from carillon_server.domain.layout import Layout, LayoutFormat
from carillon_server.storage.database import Connection, Record

_COLUMNS = "name, format, source, catalog, update_time"
_FETCH = f"SELECT {_COLUMNS} FROM layout WHERE tenant = $1 ORDER BY name"
_PAGE = f"SELECT {_COLUMNS} FROM layout WHERE tenant = $1 AND name > $2 ORDER BY name LIMIT $3"
_PUT = f"""
INSERT INTO layout (tenant, name, format, source, catalog) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (tenant, name) DO UPDATE SET format = excluded.format, source = excluded.source,
    catalog = excluded.catalog, update_time = now()
RETURNING {_COLUMNS}
"""
_DELETE = "DELETE FROM layout WHERE tenant = $1 AND name = ANY ($2::text[])"


async def fetch_layouts(connection: Connection, tenant: str) -> dict[str, Layout]:
    """All, by name."""
    return {row["name"]: read_layout(row) for row in await connection.fetch(_FETCH, tenant)}


async def fetch_layout_page(
    connection: Connection, tenant: str, *, after: str, limit: int
) -> Sequence[Layout]:
    """By name, those after this one."""
    return [read_layout(row) for row in await connection.fetch(_PAGE, tenant, after, limit)]


async def put_layout(connection: Connection, tenant: str, layout: Layout) -> Layout:
    """Adds it, or replaces the one of its name."""
    row = await connection.fetchrow(
        _PUT, tenant, layout.name, int(layout.format), layout.source, layout.catalog
    )
    if row is None:
        raise LookupError("an upsert returns its row")
    return read_layout(row)


async def delete_layouts(connection: Connection, tenant: str, names: Collection[str]) -> None:
    """Those that are there."""
    await connection.execute(_DELETE, tenant, list(names))


def read_layout(row: Record) -> Layout:
    """Raises ValueError where a newer version wrote it."""
    return Layout(row["name"], LayoutFormat(row["format"]), row["source"], row["catalog"], row["update_time"])
