"""A tenant's catalog as of one moment: what a Send asks. Never changes; what is not asked for is not read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from carillon_server.domain.catalog_settings import CatalogSettings, UnknownTypes
from carillon_server.domain.channel import Channel
from carillon_server.domain.layout import Layout
from carillon_server.domain.locale import DEFAULT_LOCALE, DEFAULT_TIME_ZONE
from carillon_server.domain.notification_type import NotificationType
from carillon_server.domain.rendering import Sheet
from carillon_server.domain.sheet import build_sheet, is_regional
from carillon_server.domain.template import Dependence
from carillon_server.services.ports import SchemaCompiler, SchemaValidator
from carillon_server.storage.catalog_snapshot import StoredCatalog
from carillon_server.storage.catalog_templates import read_template
from carillon_server.storage.catalog_types import read_type
from carillon_server.storage.database import Record
from carillon_server.telemetry import get_logger

_UNREADABLE = (AttributeError, LookupError, TypeError, ValueError)
"""A newer version wrote it: as if it were not there, rather than a fault in every Send."""


@dataclass(frozen=True, slots=True)
class KnownType:
    """A type with its schema compiled."""

    type: NotificationType
    validator: SchemaValidator | None
    """None: it has no schema."""


@dataclass(frozen=True, slots=True)
class ActiveTemplate:
    """The version in use of a template, ready for the renderer."""

    sheet: Sheet
    version: int
    dependence: Dependence
    regional: bool = False
    """Two who read the same language may see different numbers or dates."""


ActiveTemplates = Mapping[Channel, Mapping[str, ActiveTemplate]]
"""Of one type: by channel and locale."""

_NONE: ActiveTemplates = {}


class TenantCatalog:
    """Asked synchronously. Types and templates are read and compiled when they are first asked for."""

    def __init__(
        self,
        stored: StoredCatalog,
        compile_schema: SchemaCompiler,
        *,
        accept_unknown: bool,
        before: TenantCatalog | None = None,
    ) -> None:
        """`accept_unknown`: as the installation says. `before`: what was known till now; what is compiled
        and still the same is taken over.
        """
        self._compile_schema = compile_schema
        self._settings = stored.settings
        self._accept_unknown = accept_unknown
        self.revision = stored.revision
        self.size_characters = stored.size_characters
        self._layouts = {layout.name: layout for layout in stored.layouts}
        self._type_rows = {row["name"]: row for row in stored.types}
        self._template_rows: defaultdict[str, list[Record]] = defaultdict(list)
        for row in stored.templates:
            self._template_rows[row["type"]].append(row)
        self._types: dict[str, KnownType | None] = {}
        self._templates: dict[str, ActiveTemplates] = {}
        if before is not None:
            self._take_over(before)

    @property
    def default_locale(self) -> str:
        """Of recipients without one."""
        return self._settings.default_locale or DEFAULT_LOCALE

    @property
    def default_time_zone(self) -> str:
        """Of recipients without one: an IANA name."""
        return self._settings.default_time_zone or DEFAULT_TIME_ZONE

    @property
    def accepts_unknown(self) -> bool:
        """Whether types that it does not have may be sent, with ready content."""
        if self._settings.unknown_types is UnknownTypes.AS_INSTALLED:
            return self._accept_unknown
        return self._settings.unknown_types is UnknownTypes.ACCEPT

    @property
    def settings(self) -> CatalogSettings:
        """As the tenant made them."""
        return self._settings

    @property
    def layouts(self) -> Mapping[str, Layout]:
        """Layouts and partials, by name."""
        return self._layouts

    def type_of(self, name: str) -> KnownType | None:
        """None: the tenant has no such type."""
        if name not in self._type_rows:
            return None
        if name not in self._types:
            self._types[name] = self._read_type(self._type_rows[name])
        return self._types[name]

    def templates_of(self, name: str) -> ActiveTemplates:
        """Those in use of a type; empty: it has none."""
        if name not in self._template_rows:
            return _NONE
        if name not in self._templates:
            self._templates[name] = self._read_templates(self._template_rows[name])
        return self._templates[name]

    def _take_over(self, before: TenantCatalog) -> None:
        for name, known in before._types.items():
            if self._type_rows.get(name) == before._type_rows[name]:
                self._types[name] = known
        if self._layouts != before._layouts:
            return
        for name, templates in before._templates.items():
            if self._template_rows.get(name) == before._template_rows[name]:
                self._templates[name] = templates

    def _read_type(self, row: Record) -> KnownType | None:
        try:
            kind = read_type(row)
            return KnownType(kind, self._compile_schema(kind.data_schema) if kind.data_schema else None)
        except _UNREADABLE as error:
            get_logger().error("catalog.type_unreadable", type=row["name"], error=type(error).__name__)
            return None

    def _read_templates(self, rows: list[Record]) -> ActiveTemplates:
        found: defaultdict[Channel, dict[str, ActiveTemplate]] = defaultdict(dict)
        for row in rows:
            try:
                template = read_template(row)
            except _UNREADABLE as error:
                get_logger().error(
                    "catalog.template_unreadable", type=row["type"], error=type(error).__name__
                )
                continue
            sheet = build_sheet(template, self._layouts)
            active = ActiveTemplate(sheet, template.version, template.dependence, is_regional(sheet))
            found[template.channel][template.locale] = active
        return dict(found)
