"""Types: put, shown, removed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from carillon_server.domain.catalog_limits import MAX_TYPES
from carillon_server.domain.errors import FieldsInvalid, FieldViolation, NotFound, Reason
from carillon_server.domain.notification_type import NotificationType
from carillon_server.domain.type_document import dump_type
from carillon_server.services.catalog.desk import CatalogDesk, Nothing, Write
from carillon_server.services.catalog.inspector import Inspector, of_others
from carillon_server.services.catalog.paths import under
from carillon_server.storage import catalog_types as rows
from carillon_server.storage.catalog_layouts import fetch_layouts
from carillon_server.storage.catalog_templates import delete_templates_of, fetch_active
from carillon_server.storage.database import Connection, Database


class TypeService:
    """The types of tenants."""

    def __init__(self, database: Database, desk: CatalogDesk, inspector: Inspector) -> None:
        self._database = database
        self._desk = desk
        self._inspector = inspector

    async def get(self, tenant: str, name: str) -> NotificationType:
        """Raises TYPE_NOT_FOUND."""
        async with self._database.connection() as connection:
            found = await rows.fetch_type(connection, tenant, name)
        if found is None:
            raise NotFound(Reason.TYPE_NOT_FOUND)
        return found

    async def list(
        self, tenant: str, *, catalog: str, page_size: int, after: str
    ) -> tuple[Sequence[NotificationType], bool]:
        """A page by name, and whether there is more."""
        async with self._database.connection() as connection:
            found = await rows.fetch_type_page(
                connection, tenant, after=after, catalog=catalog, limit=page_size + 1
            )
        return found[:page_size], len(found) > page_size

    async def put(self, tenant: str, kind: NotificationType) -> NotificationType:
        """Adds it, or replaces the one of its name. Raises FIELD_INVALID."""

        async def prepare() -> Write[NotificationType] | Nothing[NotificationType]:
            async with self._database.connection() as connection:
                held = await rows.fetch_type(connection, tenant, kind.name)
                count = await rows.count_types(connection, tenant)
            if held is not None and dump_type(held) == dump_type(kind):
                return Nothing(held)
            if held is None and count >= MAX_TYPES:
                raise FieldsInvalid.of("type", f"is one more than the {MAX_TYPES:,} of a tenant")
            await self._refuse_faults(tenant, kind, held)
            stored = replace(kind, catalog=held.catalog if held else "")
            return Write(lambda connection: rows.put_type(connection, tenant, stored))

        return await self._desk.change(tenant, prepare)

    async def delete(self, tenant: str, name: str) -> None:
        """With its templates. Nothing happens where there is none."""

        async def prepare() -> Write[None] | Nothing[None]:
            async with self._database.connection() as connection:
                held = await rows.fetch_type(connection, tenant, name)
            return Write(write) if held else Nothing(None)

        async def write(connection: Connection) -> None:
            await delete_templates_of(connection, tenant, [name])
            await rows.delete_types(connection, tenant, [name])

        await self._desk.change(tenant, prepare)

    async def _refuse_faults(
        self, tenant: str, kind: NotificationType, held: NotificationType | None
    ) -> None:
        if violations := await self._inspector.look_at_type(kind):
            raise FieldsInvalid(under("type", violations))
        if held is not None and (violations := await self._broken_templates(tenant, kind)):
            raise FieldsInvalid(violations)

    async def _broken_templates(self, tenant: str, kind: NotificationType) -> Sequence[FieldViolation]:
        async with self._database.connection() as connection:
            templates = await fetch_active(connection, tenant, [kind.name])
            layouts = await fetch_layouts(connection, tenant)
        findings = await self._inspector.look_at_templates(templates, {kind.name: kind}, layouts)
        return of_others("type.data_schema", findings)
