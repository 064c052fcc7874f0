"""Whole catalogs, read and written in a few statements however large they are.

Changes come after `catalog_state.lock_revision`.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence

from carillon_server.domain.catalog_bundle import CatalogBundle, HeldCatalog
from carillon_server.domain.catalog_limits import MAX_VERSIONS
from carillon_server.domain.layout import Layout
from carillon_server.domain.notification_type import NotificationType
from carillon_server.domain.template import Template, TemplateKey, key_of
from carillon_server.domain.topic import Topic
from carillon_server.domain.type_document import dump_type
from carillon_server.storage.catalog_layouts import delete_layouts, fetch_layouts
from carillon_server.storage.catalog_state import fetch_state, put_catalog_settings
from carillon_server.storage.catalog_templates import delete_templates_of, fetch_active
from carillon_server.storage.catalog_types import delete_types, fetch_types
from carillon_server.storage.database import Connection, column

_TOPICS = """
SELECT name, display_name, description, member_count, catalog FROM topic WHERE tenant = $1 ORDER BY name
"""
_LOCK_TOPICS = _TOPICS + " FOR UPDATE"
_PUT_TYPES = """
INSERT INTO notification_type (tenant, name, catalog, document)
SELECT $1, * FROM unnest($2::text[], $3::text[], $4::jsonb[])
ON CONFLICT (tenant, name) DO UPDATE SET catalog = excluded.catalog, document = excluded.document,
    update_time = now()
"""
_DEACTIVATE = """
UPDATE template t SET active = false
FROM unnest($2::text[], $3::int2[], $4::text[]) AS k (type, channel, locale)
WHERE t.tenant = $1 AND t.type = k.type AND t.channel = k.channel AND t.locale = k.locale AND t.active
"""
_ADD_VERSIONS = """
INSERT INTO template (tenant, type, channel, locale, version, active, catalog, parts, layout, dependence)
SELECT $1, n.type, n.channel, n.locale, 1 + (
    SELECT coalesce(max(t.version), 0) FROM template t
    WHERE t.tenant = $1 AND t.type = n.type AND t.channel = n.channel AND t.locale = n.locale
), true, n.catalog, n.parts, n.layout, n.dependence
FROM unnest($2::text[], $3::int2[], $4::text[], $5::text[], $6::jsonb[], $7::text[], $8::int2[])
    AS n (type, channel, locale, catalog, parts, layout, dependence)
"""
_DEPEND = """
UPDATE template t SET dependence = k.dependence
FROM unnest($2::text[], $3::int2[], $4::text[], $5::int2[]) AS k (type, channel, locale, dependence)
WHERE t.tenant = $1 AND t.type = k.type AND t.channel = k.channel AND t.locale = k.locale AND t.active
"""
_FORGET_VERSIONS = """
DELETE FROM template t
USING unnest($2::text[], $3::int2[], $4::text[]) AS k (type, channel, locale), template a
WHERE t.tenant = $1 AND t.type = k.type AND t.channel = k.channel AND t.locale = k.locale AND NOT t.active
    AND a.tenant = $1 AND a.type = k.type AND a.channel = k.channel AND a.locale = k.locale AND a.active
    AND t.version <= a.version - $5
"""
_DELETE_TEMPLATES = """
DELETE FROM template t USING unnest($2::text[], $3::int2[], $4::text[]) AS k (type, channel, locale)
WHERE t.tenant = $1 AND t.type = k.type AND t.channel = k.channel AND t.locale = k.locale
"""
_PUT_LAYOUTS = """
INSERT INTO layout (tenant, name, format, source, catalog)
SELECT $1, * FROM unnest($2::text[], $3::int2[], $4::text[], $5::text[])
ON CONFLICT (tenant, name) DO UPDATE SET format = excluded.format, source = excluded.source,
    catalog = excluded.catalog, update_time = now()
"""
_PUT_TOPICS = """
INSERT INTO topic (tenant, name, display_name, description, catalog)
SELECT $1, * FROM unnest($2::text[], $3::text[], $4::text[], $5::text[])
ON CONFLICT (tenant, name) DO UPDATE SET display_name = excluded.display_name,
    description = excluded.description, catalog = excluded.catalog, update_time = now()
"""
_DELETE_TOPICS = """
DELETE FROM topic WHERE tenant = $1 AND name = ANY ($2::text[]) AND member_count = 0
"""


async def fetch_held(connection: Connection, tenant: str) -> HeldCatalog:
    """All that the tenant has."""
    _, settings = await fetch_state(connection, tenant)
    return HeldCatalog(
        types={kind.name: kind for kind in await fetch_types(connection, tenant)},
        templates={key_of(template): template for template in await fetch_active(connection, tenant)},
        layouts=await fetch_layouts(connection, tenant),
        topics=await fetch_all_topics(connection, tenant, lock=False),
        settings=settings,
    )


async def fetch_all_topics(connection: Connection, tenant: str, *, lock: bool) -> dict[str, Topic]:
    """By name; `lock`: nobody else changes them until the transaction ends."""
    rows = await connection.fetch(_LOCK_TOPICS if lock else _TOPICS, tenant)
    return {row["name"]: Topic(**row) for row in rows}


async def put_bundle(connection: Connection, tenant: str, bundle: CatalogBundle) -> None:
    """Writes all of it; templates become new versions in place of those in use."""
    await _put_types(connection, tenant, bundle.types)
    await _put_layouts(connection, tenant, bundle.layouts)
    await _add_versions(connection, tenant, bundle.templates)
    await _put_topics(connection, tenant, bundle.topics)
    if bundle.settings is not None:
        await put_catalog_settings(connection, tenant, bundle.settings)


async def remove_held(connection: Connection, tenant: str, removals: HeldCatalog) -> None:
    """Takes all of it away; types with their templates. Topics that have members by now stay."""
    if removals.types:
        await delete_types(connection, tenant, removals.types)
        await delete_templates_of(connection, tenant, removals.types)
    if removals.templates:
        await connection.execute(_DELETE_TEMPLATES, tenant, *_columns(_key_rows(removals.templates), 3))
    if removals.layouts:
        await delete_layouts(connection, tenant, removals.layouts)
    if removals.topics:
        await connection.execute(_DELETE_TOPICS, tenant, list(removals.topics))


async def put_dependences(connection: Connection, tenant: str, templates: Sequence[Template]) -> None:
    """Of versions in use that depend on something else now, as their layouts do."""
    if templates:
        rows = [(*_key_row(key_of(each)), int(each.dependence)) for each in templates]
        await connection.execute(_DEPEND, tenant, *_columns(rows, 4))


async def _put_types(connection: Connection, tenant: str, types: Sequence[NotificationType]) -> None:
    if types:
        rows = [(kind.name, kind.catalog, json.dumps(dump_type(kind))) for kind in types]
        await connection.execute(_PUT_TYPES, tenant, *_columns(rows, 3))


async def _put_layouts(connection: Connection, tenant: str, layouts: Sequence[Layout]) -> None:
    if layouts:
        rows = [(each.name, int(each.format), each.source, each.catalog) for each in layouts]
        await connection.execute(_PUT_LAYOUTS, tenant, *_columns(rows, 4))


async def _add_versions(connection: Connection, tenant: str, templates: Sequence[Template]) -> None:
    if not templates:
        return
    rows = [
        (
            *_key_row(key_of(each)),
            each.catalog,
            json.dumps(dict(each.parts)),
            each.layout,
            int(each.dependence),
        )
        for each in templates
    ]
    await connection.execute(_DEACTIVATE, tenant, *_columns(rows, 3))
    await connection.execute(_ADD_VERSIONS, tenant, *_columns(rows, 7))
    await connection.execute(_FORGET_VERSIONS, tenant, *_columns(rows, 3), MAX_VERSIONS)


async def _put_topics(connection: Connection, tenant: str, topics: Sequence[Topic]) -> None:
    if topics:
        rows = [(each.name, each.display_name, each.description, each.catalog) for each in topics]
        await connection.execute(_PUT_TOPICS, tenant, *_columns(rows, 4))


def _key_rows(keys: Collection[TemplateKey]) -> list[tuple[str, int, str]]:
    return [_key_row(key) for key in keys]


def _key_row(key: TemplateKey) -> tuple[str, int, str]:
    return key.type, int(key.channel), key.locale


def _columns(rows: Sequence[Sequence[object]], count: int) -> list[list[object]]:
    return [column(rows, index) for index in range(count)]
