"""What tenants decided about their deliveries as a whole."""

from __future__ import annotations

import json
from collections.abc import Collection

from carillon_server.domain.delivery_settings import DeliverySettings, dump_settings, load_settings
from carillon_server.storage.database import Connection, Database

_FETCH = "SELECT tenant, document FROM delivery_settings WHERE tenant = ANY ($1::text[])"
_LOCK = "SELECT document FROM delivery_settings WHERE tenant = $1 FOR UPDATE"
_ENSURE = "INSERT INTO delivery_settings (tenant, document) VALUES ($1, '{}') ON CONFLICT DO NOTHING"
_PUT = """
INSERT INTO delivery_settings (tenant, document) VALUES ($1, $2::jsonb)
ON CONFLICT (tenant) DO UPDATE SET document = excluded.document, update_time = now()
"""


async def fetch_settings(
    database: Database, tenants: Collection[str], *, timeout: float | None = None
) -> dict[str, DeliverySettings]:
    """Of those tenants that decided anything."""
    rows = await database.fetch(_FETCH, list(tenants), timeout=timeout)
    return {row["tenant"]: load_settings(json.loads(row["document"])) for row in rows}


async def ensure_settings(connection: Connection, tenant: str) -> None:
    """So that there is a row to lock: two that change different fields at once keep both."""
    await connection.execute(_ENSURE, tenant)


async def lock_settings(connection: Connection, tenant: str) -> DeliverySettings:
    """Of one tenant, locked until the transaction ends where they exist."""
    document = await connection.fetchval(_LOCK, tenant)
    return load_settings(json.loads(document)) if document else DeliverySettings()


async def put_settings(connection: Connection, tenant: str, settings: DeliverySettings) -> None:
    """Replaces them."""
    await connection.execute(_PUT, tenant, json.dumps(dump_settings(settings)))
