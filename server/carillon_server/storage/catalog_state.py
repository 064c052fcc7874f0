"""Which state a tenant's catalog is in, and the tenant's settings for it."""

from __future__ import annotations

import json
from collections.abc import Collection

from carillon_server.domain.catalog_settings import (
    CatalogSettings,
    dump_catalog_settings,
    load_catalog_settings,
)
from carillon_server.storage.database import Connection, Database

NO_REVISION = 0
"""Of a tenant that never had a catalog, nor settings for one."""

_REVISIONS = "SELECT tenant, revision FROM catalog_state WHERE tenant = ANY ($1::text[])"
_FETCH = "SELECT revision, settings FROM catalog_state WHERE tenant = $1"
_ENSURE = "INSERT INTO catalog_state (tenant, revision) VALUES ($1, 0) ON CONFLICT DO NOTHING"
_LOCK = "SELECT revision FROM catalog_state WHERE tenant = $1 FOR UPDATE"
_RAISE = "UPDATE catalog_state SET revision = revision + 1 WHERE tenant = $1 RETURNING revision"
_PUT_SETTINGS = "UPDATE catalog_state SET settings = $2::jsonb WHERE tenant = $1"


async def fetch_revisions(
    database: Database, tenants: Collection[str], *, timeout: float | None = None
) -> dict[str, int]:
    """Of those tenants that ever had a catalog."""
    rows = await database.fetch(_REVISIONS, list(tenants), timeout=timeout)
    return {row["tenant"]: row["revision"] for row in rows}


async def fetch_state(connection: Connection, tenant: str) -> tuple[int, CatalogSettings]:
    """The revision and the settings."""
    row = await connection.fetchrow(_FETCH, tenant)
    if row is None:
        return NO_REVISION, CatalogSettings()
    return row["revision"], load_catalog_settings(json.loads(row["settings"]))


async def lock_revision(connection: Connection, tenant: str) -> int:
    """The revision; nobody else changes the catalog until the transaction ends."""
    await connection.execute(_ENSURE, tenant)
    return int(await connection.fetchval(_LOCK, tenant))


async def raise_revision(connection: Connection, tenant: str) -> int:
    """Tells every process that the catalog is another one now. After `lock_revision`."""
    return int(await connection.fetchval(_RAISE, tenant))


async def put_catalog_settings(connection: Connection, tenant: str, settings: CatalogSettings) -> None:
    """Replaces them. After `lock_revision`."""
    await connection.execute(_PUT_SETTINGS, tenant, json.dumps(dump_catalog_settings(settings)))
