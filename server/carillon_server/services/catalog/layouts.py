"""Layouts and partials: put, shown, removed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from carillon_server.domain.catalog_limits import MAX_LAYOUTS
from carillon_server.domain.errors import FieldsInvalid, Reason, Refusal
from carillon_server.domain.layout import Layout
from carillon_server.domain.template import Template, key_of
from carillon_server.services.catalog.desk import CatalogDesk, Nothing, Write
from carillon_server.services.catalog.inspector import Finding, Inspector, layout_violations, of_others
from carillon_server.services.catalog.paths import under
from carillon_server.storage import catalog_layouts as rows
from carillon_server.storage.catalog_templates import fetch_using, put_dependence
from carillon_server.storage.catalog_types import fetch_types
from carillon_server.storage.database import Connection, Database


class LayoutService:
    """The layouts of tenants."""

    def __init__(self, database: Database, desk: CatalogDesk, inspector: Inspector) -> None:
        self._database = database
        self._desk = desk
        self._inspector = inspector

    async def list(self, tenant: str, *, page_size: int, after: str) -> tuple[Sequence[Layout], bool]:
        """A page by name, and whether there is more."""
        async with self._database.connection() as connection:
            found = await rows.fetch_layout_page(connection, tenant, after=after, limit=page_size + 1)
        return found[:page_size], len(found) > page_size

    async def put(self, tenant: str, layout: Layout) -> Layout:
        """Adds it, or replaces the one of its name. Raises FIELD_INVALID, also where a template that uses it
        would not render any more.
        """

        async def prepare() -> Write[Layout] | Nothing[Layout]:
            async with self._database.connection() as connection:
                layouts = await rows.fetch_layouts(connection, tenant)
            held = layouts.get(layout.name)
            if held is not None and (held.format, held.source) == (layout.format, layout.source):
                return Nothing(held)
            if held is None and len(layouts) >= MAX_LAYOUTS:
                raise FieldsInvalid.of("layout", f"is one more than the {MAX_LAYOUTS} of a tenant")
            if violations := layout_violations(layout):
                raise FieldsInvalid(under("layout", violations))
            findings = await self._look_at_users(tenant, {**layouts, layout.name: layout}, layout.name)
            if violations := of_others("layout.source", findings):
                raise FieldsInvalid(violations)
            stored = replace(layout, catalog=held.catalog if held else "")
            return Write(_Put(tenant, stored, findings).run)

        return await self._desk.change(tenant, prepare)

    async def delete(self, tenant: str, name: str) -> None:
        """Nothing happens where there is none. Raises LAYOUT_IN_USE."""

        async def prepare() -> Write[None] | Nothing[None]:
            async with self._database.connection() as connection:
                layouts = await rows.fetch_layouts(connection, tenant)
                users = await fetch_using(connection, tenant, layouts, name)
            if name not in layouts:
                return Nothing(None)
            if users:
                raise _in_use(users)
            return Write(lambda connection: rows.delete_layouts(connection, tenant, [name]))

        await self._desk.change(tenant, prepare)

    async def _look_at_users(self, tenant: str, layouts: dict[str, Layout], name: str) -> Sequence[Finding]:
        async with self._database.connection() as connection:
            users = await fetch_using(connection, tenant, layouts, name)
            types = await fetch_types(connection, tenant, {each.type for each in users})
        return await self._inspector.look_at_templates(users, {kind.name: kind for kind in types}, layouts)


@dataclass(frozen=True, slots=True)
class _Put:
    """A layout, and what its templates depend on with it."""

    tenant: str
    layout: Layout
    findings: Sequence[Finding]

    async def run(self, connection: Connection) -> Layout:
        for each in self.findings:
            if each.dependence is not each.template.dependence:
                changed = replace(each.template, dependence=each.dependence)
                await put_dependence(connection, self.tenant, changed)
        return await rows.put_layout(connection, self.tenant, self.layout)


def _in_use(users: Sequence[Template]) -> Refusal:
    first = str(key_of(users[0]))
    return Refusal(Reason.LAYOUT_IN_USE, f"template {first} uses the layout", metadata={"template": first})
