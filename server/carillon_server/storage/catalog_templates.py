"""The templates of tenants, each with its versions. Changes come after `catalog_state.lock_revision`."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from carillon_server.domain.catalog_limits import MAX_VERSIONS
from carillon_server.domain.channel import Channel
from carillon_server.domain.layout import Layout
from carillon_server.domain.sheet import used_layouts
from carillon_server.domain.template import Dependence, Template, TemplateKey, key_of
from carillon_server.storage.database import Connection, Record

COLUMNS = "type, channel, locale, version, active, catalog, parts, layout, dependence, create_time"
_ONE = "tenant = $1 AND type = $2 AND channel = $3 AND locale = $4"
_FETCH = f"""
SELECT {COLUMNS} FROM template WHERE {_ONE} AND CASE WHEN $5::bigint = 0 THEN active ELSE version = $5 END
"""
_NEWEST = f"SELECT {COLUMNS} FROM template WHERE {_ONE} ORDER BY version DESC LIMIT 1"
_ACTIVE = f"""
SELECT {COLUMNS} FROM template
WHERE tenant = $1 AND active AND ($2::text[] IS NULL OR type = ANY ($2::text[]))
ORDER BY type, channel, locale
"""
_PAGE = f"""
SELECT {COLUMNS} FROM template
WHERE tenant = $1 AND (type, channel, locale, version) > ($2, $3, $4, $5)
    AND ($6 = '' OR type = $6) AND ($7 = 0 OR channel = $7) AND ($8 = '' OR locale = $8) AND ($9 OR active)
ORDER BY type, channel, locale, version LIMIT $10
"""
_INSERT = f"""
INSERT INTO template (tenant, type, channel, locale, version, active, catalog, parts, layout, dependence)
SELECT $1, $2, $3, $4, coalesce(max(version), 0) + 1, $5, $6, $7::jsonb, $8, $9 FROM template WHERE {_ONE}
RETURNING {COLUMNS}
"""
_FORGET = f"DELETE FROM template WHERE {_ONE} AND version <= $5 AND NOT active"
_DEACTIVATE = f"UPDATE template SET active = false WHERE {_ONE} AND active"
_ACTIVATE = f"UPDATE template SET active = true WHERE {_ONE} AND version = $5 RETURNING {COLUMNS}"
_DEPEND = f"UPDATE template SET dependence = $6 WHERE {_ONE} AND version = $5"
_DELETE = f"DELETE FROM template WHERE {_ONE}"
_DELETE_OF_TYPES = "DELETE FROM template WHERE tenant = $1 AND type = ANY ($2::text[])"


@dataclass(frozen=True, slots=True)
class TemplateFilter:
    """Empty: all."""

    type: str = ""
    channel: Channel | None = None
    locale: str = ""
    all_versions: bool = False


START: tuple[str, int, str, int] = ("", 0, "", 0)
"""Where listing begins: type, channel, locale, version."""


async def fetch_template(
    connection: Connection, tenant: str, key: TemplateKey, version: int = 0
) -> Template | None:
    """One version; 0: the one in use."""
    row = await connection.fetchrow(_FETCH, tenant, *_key(key), version)
    return read_template(row) if row else None


async def fetch_newest(connection: Connection, tenant: str, key: TemplateKey) -> Template | None:
    """The version that was added last."""
    row = await connection.fetchrow(_NEWEST, tenant, *_key(key))
    return read_template(row) if row else None


async def fetch_active(
    connection: Connection, tenant: str, types: Collection[str] | None = None
) -> Sequence[Template]:
    """Those in use, of these types or of all, by type, channel and locale."""
    names = None if types is None else list(types)
    return [read_template(row) for row in await connection.fetch(_ACTIVE, tenant, names)]


async def fetch_using(
    connection: Connection, tenant: str, layouts: dict[str, Layout], name: str
) -> Sequence[Template]:
    """Those in use that need the layout or partial, themselves or through another."""
    return [each for each in await fetch_active(connection, tenant) if name in used_layouts(each, layouts)]


async def fetch_template_page(
    connection: Connection,
    tenant: str,
    wanted: TemplateFilter,
    *,
    after: tuple[str, int, str, int],
    limit: int,
) -> Sequence[Template]:
    """By type, channel, locale and version, those after this one."""
    channel = int(wanted.channel or 0)
    rows = await connection.fetch(
        _PAGE, tenant, *after, wanted.type, channel, wanted.locale, wanted.all_versions, limit
    )
    return [read_template(row) for row in rows]


async def count_templates(connection: Connection, tenant: str) -> int:
    """How many the tenant has, each with all its versions counted once."""
    return int(
        await connection.fetchval("SELECT count(*) FROM template WHERE tenant = $1 AND active", tenant)
    )


async def add_version(connection: Connection, tenant: str, template: Template, *, active: bool) -> Template:
    """The next version; `active`: in place of the one in use."""
    key = key_of(template)
    if active:
        await connection.execute(_DEACTIVATE, tenant, *_key(key))
    row = await connection.fetchrow(
        _INSERT,
        tenant,
        *_key(key),
        active,
        template.catalog,
        json.dumps(dict(template.parts)),
        template.layout,
        int(template.dependence),
    )
    if row is None:
        raise LookupError("an insert returns its row")
    await connection.execute(_FORGET, tenant, *_key(key), row["version"] - MAX_VERSIONS)
    return read_template(row)


async def activate_version(
    connection: Connection, tenant: str, key: TemplateKey, version: int
) -> Template | None:
    """In place of the one in use; None: there is no such version, and the transaction must not commit."""
    await connection.execute(_DEACTIVATE, tenant, *_key(key))
    row = await connection.fetchrow(_ACTIVATE, tenant, *_key(key), version)
    return read_template(row) if row else None


async def put_dependence(connection: Connection, tenant: str, template: Template) -> None:
    """What a version depends on may be another thing with another layout."""
    key = _key(key_of(template))
    await connection.execute(_DEPEND, tenant, *key, template.version, int(template.dependence))


async def delete_template(connection: Connection, tenant: str, key: TemplateKey) -> None:
    """All versions."""
    await connection.execute(_DELETE, tenant, *_key(key))


async def delete_templates_of(connection: Connection, tenant: str, types: Collection[str]) -> None:
    """All versions of all templates of these types."""
    await connection.execute(_DELETE_OF_TYPES, tenant, list(types))


def read_template(row: Record) -> Template:
    """Raises LookupError, TypeError or ValueError where a newer version wrote it."""
    return Template(
        type=row["type"],
        channel=Channel(row["channel"]),
        locale=row["locale"],
        parts=json.loads(row["parts"]),
        layout=row["layout"],
        version=row["version"],
        active=row["active"],
        dependence=Dependence(row["dependence"]),
        catalog=row["catalog"],
        create_time=row["create_time"],
    )


def _key(key: TemplateKey) -> tuple[str, int, str]:
    return key.type, int(key.channel), key.locale
