"""The settings of a catalog."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from carillon_server.domain.catalog_settings import CatalogSettings
from carillon_server.services.catalog.desk import CatalogDesk, Nothing, Write
from carillon_server.storage.catalog_state import fetch_state, put_catalog_settings
from carillon_server.storage.database import Connection, Database


class CatalogSettingsService:
    """What tenants say about types and templates as a whole."""

    def __init__(self, database: Database, desk: CatalogDesk) -> None:
        self._database = database
        self._desk = desk

    async def get(self, tenant: str) -> CatalogSettings:
        """As they are, or as by default."""
        async with self._database.connection() as connection:
            return (await fetch_state(connection, tenant))[1]

    async def update(self, tenant: str, changes: CatalogSettings, fields: Collection[str]) -> CatalogSettings:
        """Replaces the named fields; returns all of them."""

        async def prepare() -> Write[CatalogSettings] | Nothing[CatalogSettings]:
            held = await self.get(tenant)
            changed = replace(held, **{name: getattr(changes, name) for name in fields})

            async def write(connection: Connection) -> CatalogSettings:
                await put_catalog_settings(connection, tenant, changed)
                return changed

            return Nothing(held) if changed == held else Write(write)

        return await self._desk.change(tenant, prepare)
