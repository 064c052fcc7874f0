"""What Sends have to know of many tenants, in one read."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass

from carillon_server.domain.channel import Channel
from carillon_server.domain.delivery_settings import NO_SETTINGS, DeliverySettings, load_settings
from carillon_server.domain.tenant_delivery import ServedChannel
from carillon_server.storage.database import Database, Record

_FETCH = """
SELECT t.tenant, s.document,
    (SELECT json_agg(DISTINCT jsonb_build_array(p.channel, p.enabled)) FROM provider p
     WHERE p.tenant = t.tenant) AS providers
FROM unnest($1::text[]) AS t (tenant) LEFT JOIN delivery_settings s ON s.tenant = t.tenant
"""


@dataclass(frozen=True, slots=True)
class StoredDelivery:
    """Of one tenant."""

    served: tuple[ServedChannel, ...]
    settings: DeliverySettings


async def fetch_deliveries(
    database: Database, tenants: Collection[str], *, timeout: float | None = None
) -> dict[str, StoredDelivery]:
    """Of each of these tenants whose rows make sense."""
    found = {}
    for row in await database.fetch(_FETCH, list(tenants), timeout=timeout):
        try:
            found[row["tenant"]] = _read(row)
        except (AttributeError, LookupError, TypeError, ValueError):
            # Written by a newer version: one tenant must not stop the sends of all others.
            continue
    return found


def _read(row: Record) -> StoredDelivery:
    providers = json.loads(row["providers"]) if row["providers"] else ()
    return StoredDelivery(
        tuple(ServedChannel(Channel(channel), enabled) for channel, enabled in providers),
        load_settings(json.loads(row["document"])) if row["document"] else NO_SETTINGS,
    )
