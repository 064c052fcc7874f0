"""How providers do, one row per worker that uses them."""

from __future__ import annotations

import json
from collections.abc import Sequence

from carillon_server.domain.provider_health import ProviderHealth, dump_health, load_health
from carillon_server.storage.database import Database, column

_FRESH_SECONDS = 60
"""Workers tell more often than that of every provider that they use."""

_FETCH = """
SELECT name, document FROM provider_health
WHERE tenant = $1 AND update_time > now() - $2 * interval '1 second' ORDER BY name, worker
"""

_PUT = """
INSERT INTO provider_health AS h (tenant, name, worker, document, update_time)
SELECT tenant, name, $1, document, now()
FROM unnest($2::text[], $3::text[], $4::jsonb[]) AS t (tenant, name, document)
ON CONFLICT (tenant, name, worker) DO UPDATE SET document = excluded.document, update_time = now()
"""

_PRUNE = "DELETE FROM provider_health WHERE update_time < now() - $1 * interval '1 second'"


async def fetch_health(
    database: Database, tenant: str, *, timeout: float | None
) -> dict[str, list[ProviderHealth]]:
    """What workers told within the last minute, by the name of the provider."""
    found: dict[str, list[ProviderHealth]] = {}
    for row in await database.fetch(_FETCH, tenant, _FRESH_SECONDS, timeout=timeout):
        found.setdefault(row["name"], []).append(
            load_health(tenant, row["name"], json.loads(row["document"]))
        )
    return found


async def put_health(database: Database, worker: str, healths: Sequence[ProviderHealth]) -> None:
    """What one worker sees, all at once."""
    rows = [(health.tenant, health.name, json.dumps(dump_health(health))) for health in healths]
    await database.fetch(_PUT, worker, *(column(rows, index) for index in range(3)))


async def prune_health(database: Database) -> None:
    """Forgets what workers said that are gone."""
    await database.fetch(_PRUNE, _FRESH_SECONDS)


async def forget_worker(database: Database, worker: str) -> None:
    """Forgets what one worker said: it is stopping."""
    await database.fetch("DELETE FROM provider_health WHERE worker = $1", worker)
