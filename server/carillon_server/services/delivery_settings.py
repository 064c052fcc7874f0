"""What a tenant decided about its deliveries as a whole."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from carillon_server.domain.delivery_settings import NO_SETTINGS, DeliverySettings
from carillon_server.services.ports import TenantForgetter
from carillon_server.storage import delivery_settings as rows
from carillon_server.storage.database import Connection, Database

_DEFAULT_TIMEOUT_SECONDS = 10.0


class DeliverySettingsService:
    """Reads and changes them."""

    def __init__(self, database: Database, forget: TenantForgetter) -> None:
        self._database = database
        self._forget = forget

    async def get(self, tenant: str, *, timeout: float | None) -> DeliverySettings:
        """As they are, or as by default."""
        found = await rows.fetch_settings(self._database, [tenant], timeout=timeout)
        return found.get(tenant, NO_SETTINGS)

    async def update(
        self, tenant: str, changes: DeliverySettings, fields: Collection[str], *, timeout: float | None
    ) -> DeliverySettings:
        """Replaces the named fields; returns all of them."""

        async def work(connection: Connection) -> DeliverySettings:
            await rows.ensure_settings(connection, tenant)
            held = await rows.lock_settings(connection, tenant)
            changed = replace(held, **{name: getattr(changes, name) for name in fields})
            await rows.put_settings(connection, tenant, changed)
            return changed

        settings = await self._database.transaction(work, timeout_seconds=timeout or _DEFAULT_TIMEOUT_SECONDS)
        self._forget(tenant)
        return settings
