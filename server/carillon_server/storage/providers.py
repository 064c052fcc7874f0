"""The providers of tenants, their secrets as they are sealed."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from carillon_server.domain.channel import Channel
from carillon_server.storage.database import Connection, Database, Record

_COLUMNS = """tenant, name, kind, channel, enabled, priority, weight, rate_per_second, burst, max_concurrency,
settings, secrets, create_time, update_time"""

_FETCH = f"SELECT {_COLUMNS} FROM provider WHERE tenant = ANY ($1::text[]) ORDER BY tenant, name"

_LOCK = f"SELECT {_COLUMNS} FROM provider WHERE tenant = $1 AND name = $2 FOR UPDATE"

_LOCK_TENANT = "SELECT pg_advisory_xact_lock(hashtextextended('provider:' || $1, 0))"

_PUT = f"""
INSERT INTO provider AS p (tenant, name, kind, channel, enabled, priority, weight, rate_per_second, burst,
    max_concurrency, settings, secrets)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11::jsonb, $12)
ON CONFLICT (tenant, name) DO UPDATE SET kind = excluded.kind, channel = excluded.channel,
    enabled = excluded.enabled, priority = excluded.priority, weight = excluded.weight,
    rate_per_second = excluded.rate_per_second, burst = excluded.burst,
    max_concurrency = excluded.max_concurrency, settings = excluded.settings, secrets = excluded.secrets,
    update_time = now()
RETURNING {_COLUMNS}
"""


@dataclass(frozen=True, slots=True)
class ProviderRow:
    """A provider as stored."""

    tenant: str
    name: str
    kind: str
    channel: Channel
    enabled: bool
    priority: int
    weight: int
    rate_per_second: float | None
    burst: int
    max_concurrency: int
    settings: dict[str, Any]
    sealed_secrets: bytes | None
    create_time: datetime | None = None
    update_time: datetime | None = None


async def fetch_providers(
    database: Database, tenants: Collection[str], *, timeout: float | None = None
) -> Sequence[ProviderRow]:
    """All providers of these tenants, by tenant and name."""
    return [_read(row) for row in await database.fetch(_FETCH, list(tenants), timeout=timeout)]


async def lock_tenant(connection: Connection, tenant: str) -> None:
    """Nobody else adds providers to the tenant until the transaction ends."""
    await connection.execute(_LOCK_TENANT, tenant)


async def count_providers(connection: Connection, tenant: str) -> int:
    """How many the tenant has."""
    return int(await connection.fetchval("SELECT count(*) FROM provider WHERE tenant = $1", tenant))


async def lock_provider(connection: Connection, tenant: str, name: str) -> ProviderRow | None:
    """One, locked until the transaction ends; None where there is none."""
    row = await connection.fetchrow(_LOCK, tenant, name)
    return _read(row) if row else None


async def put_provider(connection: Connection, provider: ProviderRow) -> ProviderRow:
    """Adds it, or replaces the one with its name."""
    row = await connection.fetchrow(
        _PUT,
        provider.tenant,
        provider.name,
        provider.kind,
        int(provider.channel),
        provider.enabled,
        provider.priority,
        provider.weight,
        provider.rate_per_second,
        provider.burst,
        provider.max_concurrency,
        json.dumps(provider.settings),
        provider.sealed_secrets,
    )
    if row is None:
        raise LookupError("an upsert returns its row")
    return _read(row)


async def delete_provider(connection: Connection, tenant: str, name: str) -> bool:
    """False where there was none."""
    status = await connection.execute("DELETE FROM provider WHERE tenant = $1 AND name = $2", tenant, name)
    return status != "DELETE 0"


def _read(row: Record) -> ProviderRow:
    return ProviderRow(
        tenant=row["tenant"],
        name=row["name"],
        kind=row["kind"],
        channel=Channel(row["channel"]),
        enabled=row["enabled"],
        priority=row["priority"],
        weight=row["weight"],
        rate_per_second=row["rate_per_second"],
        burst=row["burst"],
        max_concurrency=row["max_concurrency"],
        settings=json.loads(row["settings"]),
        sealed_secrets=row["secrets"],
        create_time=row["create_time"],
        update_time=row["update_time"],
    )
