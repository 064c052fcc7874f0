"""Templates: versions added, brought into use, shown, removed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from carillon_server.domain.catalog_limits import MAX_TEMPLATES
from carillon_server.domain.errors import FieldsInvalid, NotFound, Reason
from carillon_server.domain.layout import Layout
from carillon_server.domain.notification_type import NotificationType
from carillon_server.domain.template import Template, TemplateKey, key_of
from carillon_server.services.catalog.desk import CatalogDesk, Nothing, Write
from carillon_server.services.catalog.inspector import Inspector
from carillon_server.services.catalog.paths import under
from carillon_server.storage import catalog_templates as rows
from carillon_server.storage.catalog_layouts import fetch_layouts
from carillon_server.storage.catalog_templates import TemplateFilter
from carillon_server.storage.catalog_types import fetch_type
from carillon_server.storage.database import Connection, Database


@dataclass(frozen=True, slots=True)
class _Surroundings:
    """What a template stands beside."""

    kind: NotificationType
    layouts: dict[str, Layout]
    newest: Template | None
    count: int


class TemplateService:
    """The templates of tenants."""

    def __init__(self, database: Database, desk: CatalogDesk, inspector: Inspector) -> None:
        self._database = database
        self._desk = desk
        self._inspector = inspector

    async def get(self, tenant: str, key: TemplateKey, version: int) -> Template:
        """`version`: 0 for the one in use. Raises TEMPLATE_NOT_FOUND."""
        async with self._database.connection() as connection:
            found = await rows.fetch_template(connection, tenant, key, version)
        if found is None:
            raise NotFound(Reason.TEMPLATE_NOT_FOUND)
        return found

    async def list(
        self, tenant: str, wanted: TemplateFilter, *, page_size: int, after: tuple[str, int, str, int]
    ) -> tuple[Sequence[Template], bool]:
        """A page by type, channel, locale and version, and whether there is more."""
        async with self._database.connection() as connection:
            found = await rows.fetch_template_page(
                connection, tenant, wanted, after=after, limit=page_size + 1
            )
        return found[:page_size], len(found) > page_size

    async def put(self, tenant: str, template: Template, *, inactive: bool) -> Template:
        """Adds a version, unless the newest says the same. Raises TYPE_NOT_FOUND and FIELD_INVALID."""

        async def prepare() -> Write[Template] | Nothing[Template]:
            around = await self._look_around(tenant, key_of(template))
            newest = around.newest
            if newest is not None and _says_the_same(newest, template):
                if inactive or newest.active:
                    return Nothing(newest)
                return await self._activation(tenant, newest, around)
            if newest is None and around.count >= MAX_TEMPLATES:
                raise FieldsInvalid.of("template", f"is one more than the {MAX_TEMPLATES:,} of a tenant")
            checked = await self._checked(template, around, "template")
            checked = replace(checked, catalog=newest.catalog if newest else "")
            active = newest is None or not inactive
            return Write(lambda connection: rows.add_version(connection, tenant, checked, active=active))

        return await self._desk.change(tenant, prepare)

    async def activate(self, tenant: str, key: TemplateKey, version: int) -> Template:
        """Forward or back. Raises TEMPLATE_NOT_FOUND; and FIELD_INVALID where the version does not go with
        the type or the layouts as they are now.
        """

        async def prepare() -> Write[Template] | Nothing[Template]:
            chosen = await self.get(tenant, key, version)
            if chosen.active:
                return Nothing(chosen)
            return await self._activation(tenant, chosen, await self._look_around(tenant, key))

        return await self._desk.change(tenant, prepare)

    async def delete(self, tenant: str, key: TemplateKey) -> None:
        """All versions. Nothing happens where there is none."""

        async def prepare() -> Write[None] | Nothing[None]:
            async with self._database.connection() as connection:
                held = await rows.fetch_newest(connection, tenant, key)
            return Write(lambda c: rows.delete_template(c, tenant, key)) if held else Nothing(None)

        await self._desk.change(tenant, prepare)

    async def _activation(self, tenant: str, chosen: Template, around: _Surroundings) -> Write[Template]:
        checked = await self._checked(chosen, around, "version")

        async def write(connection: Connection) -> Template:
            await rows.put_dependence(connection, tenant, checked)
            active = await rows.activate_version(connection, tenant, key_of(checked), checked.version)
            if active is None:
                raise NotFound(Reason.TEMPLATE_NOT_FOUND)
            return active

        return Write(write)

    async def _look_around(self, tenant: str, key: TemplateKey) -> _Surroundings:
        async with self._database.connection() as connection:
            kind = await fetch_type(connection, tenant, key.type)
            if kind is None:
                raise NotFound(Reason.TYPE_NOT_FOUND)
            return _Surroundings(
                kind,
                await fetch_layouts(connection, tenant),
                await rows.fetch_newest(connection, tenant, key),
                await rows.count_templates(connection, tenant),
            )

    async def _checked(self, template: Template, around: _Surroundings, field: str) -> Template:
        finding = await self._inspector.look_at_template(template, around.kind, around.layouts)
        if not finding.violations:
            return replace(template, dependence=finding.dependence)
        if field == "template":
            raise FieldsInvalid(under(field, finding.violations))
        first = finding.violations[0]
        raise FieldsInvalid.of(field, f"would break: {first.field} {first.description}")


def _says_the_same(one: Template, other: Template) -> bool:
    return (dict(one.parts), one.layout) == (dict(other.parts), other.layout)
