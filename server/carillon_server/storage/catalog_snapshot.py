"""Everything that Sends need of one tenant's catalog, as of one moment.

Rows are kept as they came: a tenant may have thousands of templates, of which a process uses a few.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from carillon_server.domain.catalog_settings import NO_CATALOG_SETTINGS, CatalogSettings
from carillon_server.domain.layout import Layout
from carillon_server.storage.catalog_layouts import fetch_layouts
from carillon_server.storage.catalog_state import NO_REVISION, fetch_state
from carillon_server.storage.catalog_templates import COLUMNS
from carillon_server.storage.database import Database, Record

_TYPES = "SELECT name, catalog, document, create_time, update_time FROM notification_type WHERE tenant = $1"
_TEMPLATES = f"SELECT {COLUMNS} FROM template WHERE tenant = $1 AND active"


@dataclass(frozen=True, slots=True)
class StoredCatalog:
    """Of one tenant."""

    revision: int = NO_REVISION
    settings: CatalogSettings = NO_CATALOG_SETTINGS
    types: Sequence[Record] = ()
    """For `catalog_types.read_type`."""
    templates: Sequence[Record] = ()
    """Those in use, for `catalog_templates.read_template`."""
    layouts: tuple[Layout, ...] = ()

    @property
    def size_characters(self) -> int:
        """About how much memory it takes."""
        return (
            sum(len(row["document"]) for row in self.types)
            + sum(len(row["parts"]) for row in self.templates)
            + sum(len(layout.source) for layout in self.layouts)
        )


async def fetch_catalog(database: Database, tenant: str, *, timeout: float) -> StoredCatalog:
    """All of it; `timeout` in seconds, for each statement."""
    async with (
        database.connection() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        revision, settings = await fetch_state(connection, tenant)
        types = await connection.fetch(_TYPES, tenant, timeout=timeout)
        templates = await connection.fetch(_TEMPLATES, tenant, timeout=timeout)
        layouts = await fetch_layouts(connection, tenant)
    return StoredCatalog(revision, settings, types, templates, tuple(layouts.values()))
