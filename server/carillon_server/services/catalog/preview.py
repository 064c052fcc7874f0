"""How a type reads, on every channel side by side. Nothing is stored, nothing is sent."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from carillon_server.domain.catalog_settings import CatalogSettings
from carillon_server.domain.channel import Channel
from carillon_server.domain.errors import FieldsInvalid, NotFound, Reason
from carillon_server.domain.inbox import InboxAddress
from carillon_server.domain.layout import Layout
from carillon_server.domain.locale import DEFAULT_LOCALE, DEFAULT_TIME_ZONE, choose_locale, language_of
from carillon_server.domain.notification_type import NotificationType
from carillon_server.domain.reader import UNKNOWN_READER, Reader
from carillon_server.domain.rendering import Circumstances, RenderFailure, RenderJob
from carillon_server.domain.sheet import build_sheet
from carillon_server.domain.template import Template, TemplateKey
from carillon_server.services.catalog.inspector import Inspector
from carillon_server.services.catalog.previewed import ChannelView, Preview, PreviewQuery, make_do
from carillon_server.services.ports import Clock, Renderer, SchemaCompiler
from carillon_server.storage.catalog_layouts import fetch_layouts
from carillon_server.storage.catalog_state import fetch_state
from carillon_server.storage.catalog_templates import fetch_active, fetch_template
from carillon_server.storage.catalog_types import fetch_type
from carillon_server.storage.database import Database
from carillon_server.storage.readers import fetch_readers

_SOMEBODY = "somebody"


@dataclass(frozen=True, slots=True)
class _Ground:
    """What a preview is made from, as stored."""

    kind: NotificationType
    templates: Sequence[Template]
    layouts: Mapping[str, Layout]
    settings: CatalogSettings


@dataclass(frozen=True, slots=True)
class _Scene:
    """Whom it is shown to, and with what."""

    locale: str
    default_locale: str
    circumstances: Circumstances
    data: Mapping[str, Any]


class PreviewService:
    """Shows types."""

    def __init__(
        self,
        database: Database,
        renderer: Renderer,
        inspector: Inspector,
        compile_schema: SchemaCompiler,
        clock: Clock,
    ) -> None:
        self._database = database
        self._renderer = renderer
        self._inspector = inspector
        self._compile_schema = compile_schema
        self._clock = clock

    async def preview(self, tenant: str, query: PreviewQuery) -> Preview:
        """What cannot be rendered has a problem. Raises TYPE_NOT_FOUND, TEMPLATE_NOT_FOUND (`version`),
        RECIPIENT_NOT_FOUND, and FIELD_INVALID for `data` that does not fit the schema.
        """
        ground = await self._read(tenant, query.type)
        data = self._checked_data(ground.kind, query)
        scene = await self._set_scene(tenant, query, ground, data)
        chosen = await self._choose(tenant, query, ground, scene)
        views = await self._render(chosen, ground, scene)
        if query.template is not None:
            views.update(await self._criticize(query.template, ground))
        offered = query.channels or {*views, *ground.kind.offered}
        shown = (views.get(channel) or make_do(channel, views) for channel in sorted(offered))
        return Preview(tuple(view for view in shown if view is not None), data)

    async def _read(self, tenant: str, name: str) -> _Ground:
        async with self._database.connection() as connection:
            kind = await fetch_type(connection, tenant, name)
            if kind is None:
                raise NotFound(Reason.TYPE_NOT_FOUND)
            return _Ground(
                kind,
                await fetch_active(connection, tenant, [name]),
                await fetch_layouts(connection, tenant),
                (await fetch_state(connection, tenant))[1],
            )

    def _checked_data(self, kind: NotificationType, query: PreviewQuery) -> Mapping[str, Any]:
        if query.data is None:
            return kind.sample_data
        violations = self._compile_schema(kind.data_schema).violations(query.data) if kind.data_schema else ()
        if violations:
            raise FieldsInvalid(violations)
        return query.data

    async def _set_scene(
        self, tenant: str, query: PreviewQuery, ground: _Ground, data: Mapping[str, Any]
    ) -> _Scene:
        reader = await self._reader(tenant, query.recipient_id)
        default_locale = ground.settings.default_locale or DEFAULT_LOCALE
        locale = query.locale or reader.locale or default_locale
        zone = query.time_zone or reader.time_zone or ground.settings.default_time_zone or DEFAULT_TIME_ZONE
        recipient = {
            "id": query.recipient_id or _SOMEBODY,
            "locale": locale,
            "time_zone": zone,
            "attributes": dict(reader.attributes),
        }
        return _Scene(
            locale, default_locale, Circumstances(zone, recipient, self._notification(ground.kind)), data
        )

    async def _reader(self, tenant: str, recipient_id: str) -> Reader:
        if not recipient_id:
            return UNKNOWN_READER
        inbox_id = InboxAddress(tenant, recipient_id).inbox_id
        found = await fetch_readers(self._database, [inbox_id], attributes=True)
        if inbox_id not in found:
            raise NotFound(Reason.RECIPIENT_NOT_FOUND)
        return found[inbox_id]

    def _notification(self, kind: NotificationType) -> dict[str, Any]:
        return {
            "type": kind.name,
            "category": kind.category,
            "priority": kind.priority.name.lower(),
            "actor_id": "",
            "labels": {},
            "create_time": self._clock().isoformat(),
        }

    async def _choose(
        self, tenant: str, query: PreviewQuery, ground: _Ground, scene: _Scene
    ) -> list[Template]:
        """One for each channel that has any."""
        available: defaultdict[Channel, dict[str, Template]] = defaultdict(dict)
        for template in ground.templates:
            available[template.channel][template.locale] = template
        chosen = {channel: _best(of_channel, scene) for channel, of_channel in available.items()}
        if query.template is not None:
            chosen[query.template.channel] = query.template
        elif query.version:
            (channel,) = query.channels
            chosen[channel] = await self._find_version(tenant, query, channel, chosen.get(channel))
        return list(chosen.values())

    async def _find_version(
        self, tenant: str, query: PreviewQuery, channel: Channel, active: Template | None
    ) -> Template:
        if active is not None:
            key = TemplateKey(query.type, channel, active.locale)
            async with self._database.connection() as connection:
                found = await fetch_template(connection, tenant, key, query.version)
            if found is not None:
                return found
        raise NotFound(Reason.TEMPLATE_NOT_FOUND)

    async def _render(
        self, chosen: Sequence[Template], ground: _Ground, scene: _Scene
    ) -> dict[Channel, ChannelView]:
        jobs = [_job(template, ground, scene) for template in chosen]
        answers = await self._renderer.render(jobs) if jobs else []
        views = {}
        for template, answer in zip(chosen, answers, strict=True):
            problem, parts = "", {}
            if isinstance(answer, RenderFailure):
                problem = " ".join(filter(None, (answer.part and f"{answer.part}:", answer.detail)))
            else:
                parts = dict(answer.parts[template.channel])
            version = template.version
            views[template.channel] = ChannelView(template.channel, template.locale, version, parts, problem)
        return views

    async def _criticize(self, template: Template, ground: _Ground) -> dict[Channel, ChannelView]:
        """What would refuse it when it is put is its problem here."""
        finding = await self._inspector.look_at_template(template, ground.kind, ground.layouts)
        if not finding.violations:
            return {}
        problem = "; ".join(f"{each.field} {each.description}" for each in finding.violations)
        return {template.channel: ChannelView(template.channel, template.locale, problem=problem)}


def _best(available: Mapping[str, Template], scene: _Scene) -> Template:
    name = choose_locale(scene.locale, scene.default_locale, available.keys())
    return available[name if name is not None else min(available)]


def _job(template: Template, ground: _Ground, scene: _Scene) -> RenderJob:
    related = language_of(template.locale) == language_of(scene.locale)
    told = scene.circumstances
    circumstances = Circumstances(
        told.time_zone, told.recipient, told.notification, scene.locale if related else ""
    )
    return RenderJob((build_sheet(template, ground.layouts),), scene.data, circumstances)
