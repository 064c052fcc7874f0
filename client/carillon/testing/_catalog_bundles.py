"""Whole catalogs in the fake: compared, applied as one, given back. Templates are kept, not compiled."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from google.protobuf.message import Message

from carillon.testing import _limits as limits
from carillon.testing._caller import Caller
from carillon.testing._catalog import layout_violations, put_layout, put_type, type_violations
from carillon.testing._catalog_store import canonical_locale, channel_of
from carillon.testing._entry import now_utc, to_timestamp
from carillon.testing._store import Audience, Store
from carillon.testing._templates import put_template, template_violations
from carillon.v1 import catalog_service_pb2 as pb
from carillon.v1 import recipient_service_pb2, types_pb2

_READ_ONLY = ("catalog", "create_time", "update_time", "channel", "version", "active", "member_count")
_SETTINGS = ("unknown_types", "default_locale", "default_time_zone")
_CREATED, _CHANGED, _REMOVED = (
    pb.CATALOG_CHANGE_KIND_CREATED,
    pb.CATALOG_CHANGE_KIND_CHANGED,
    pb.CATALOG_CHANGE_KIND_REMOVED,
)


@dataclass(slots=True)
class _Plan:
    changes: list[pb.CatalogChange] = field(default_factory=list)
    unchanged: int = 0
    conflicts: list[limits.Violation] = field(default_factory=list)


def apply_catalog(store: Store, caller: Caller, request: pb.ApplyCatalogRequest) -> pb.ApplyCatalogResponse:
    """All of it, or nothing."""
    bundle = request.bundle
    limits.enforce(_violations(store, bundle))
    plan = _compare(store, bundle)
    limits.enforce(plan.conflicts)
    removed = _removable(store, bundle) if request.prune else []
    plan.changes += [pb.CatalogChange(kind=_REMOVED, noun=noun, name=_shown(key)) for noun, key in removed]
    if not request.dry_run:
        _write(store, caller, bundle)
        for noun, key in removed:
            _remove(store, noun, key)
    plan.changes.sort(key=lambda change: (change.noun, change.name))
    return pb.ApplyCatalogResponse(changes=plan.changes, unchanged_count=plan.unchanged)


def export_catalog(
    store: Store, _caller: Caller, request: pb.ExportCatalogRequest
) -> pb.ExportCatalogResponse:
    """What a catalog brought, or everything with the settings."""
    held = _held(store)

    def brought(noun: str) -> list[Any]:
        things = (thing for _, thing in sorted(held[noun].items(), key=lambda item: _shown(item[0])))
        return [_bare(thing) for thing in things if request.catalog in ("", thing.catalog)]

    return pb.ExportCatalogResponse(
        bundle=pb.CatalogBundle(
            name=request.catalog or "all",
            types=brought("type"),
            templates=brought("template"),
            layouts=brought("layout"),
            topics=[
                pb.CatalogTopic(name=each.name, display_name=each.display_name, description=each.description)
                for each in brought("topic")
            ],
            settings=None if request.catalog else store.catalog.settings,
        )
    )


def _violations(store: Store, bundle: pb.CatalogBundle) -> Iterator[limits.Violation]:
    yield from limits.type_name("bundle.name", bundle.name)
    names = {kind.name for kind in bundle.types} | set(store.catalog.types)
    layouts = {layout.name for layout in bundle.layouts} | set(store.catalog.layouts)
    for index, kind in enumerate(bundle.types):
        yield from _under(f"bundle.types[{index}]", type_violations(kind))
    for index, layout in enumerate(bundle.layouts):
        yield from _under(f"bundle.layouts[{index}]", layout_violations(layout))
    for index, template in enumerate(bundle.templates):
        yield from _under(f"bundle.templates[{index}]", template_violations(template))
        if template.email.layout not in ("", *layouts):
            yield f"bundle.templates[{index}].email.layout", "is no layout that there is"
        if template.type not in names:
            yield f"bundle.templates[{index}].type", "is no type that there is"
    for noun, wanted in _wanted(bundle).items():
        keys = [key for key, _ in wanted]
        for index, key in enumerate(keys):
            if key in keys[:index]:
                yield f"bundle.{noun}s[{index}]", "is there twice"


def _under(path: str, violations: Iterator[limits.Violation]) -> Iterator[limits.Violation]:
    """Those of a single thing begin with its noun."""
    for name, description in violations:
        yield f"{path}.{name.partition('.')[2]}", description


def _wanted(bundle: pb.CatalogBundle) -> dict[str, Sequence[tuple[Any, Message]]]:
    return {
        "type": [(kind.name, _with_priority(kind)) for kind in bundle.types],
        "template": [(_key(each), each) for each in bundle.templates],
        "layout": [(each.name, each) for each in bundle.layouts],
        "topic": [
            (
                each.name,
                recipient_service_pb2.Topic(
                    name=each.name, display_name=each.display_name, description=each.description
                ),
            )
            for each in bundle.topics
        ],
    }


def _held(store: Store) -> dict[str, Mapping[Any, Any]]:
    return {
        "type": store.catalog.types,
        "template": {
            key: next(each for each in versions if each.active)
            for key, versions in store.catalog.versions.items()
        },
        "layout": store.catalog.layouts,
        "topic": {name: audience.topic for name, audience in store.audiences.items()},
    }


def _compare(store: Store, bundle: pb.CatalogBundle) -> _Plan:
    plan = _Plan()
    held = _held(store)
    for noun, things in _wanted(bundle).items():
        for index, (key, thing) in enumerate(things):
            _compare_one(plan, bundle.name, f"{noun}s[{index}]", noun, key, thing, held[noun].get(key))
    fields = [name for name in _SETTINGS if _differs(store, bundle, name)]
    if fields:
        plan.changes.append(pb.CatalogChange(kind=_CHANGED, noun="settings", fields=fields))
    return plan


def _compare_one(
    plan: _Plan, owner: str, path: str, noun: str, key: Any, thing: Message, before: Any
) -> None:
    fields = [] if before is None else _differences(_bare(before), _bare(thing))
    if before is not None and before.catalog and not fields:
        plan.unchanged += 1
    elif before is not None and before.catalog not in ("", owner):
        plan.conflicts.append((f"bundle.{path}", f"belongs to the catalog {before.catalog!r}"))
    else:
        taken = ["catalog"] if before is not None and not before.catalog else []
        kind = _CREATED if before is None else _CHANGED
        plan.changes.append(
            pb.CatalogChange(kind=kind, noun=noun, name=_shown(key), fields=[*fields, *taken])
        )


def _removable(store: Store, bundle: pb.CatalogBundle) -> list[tuple[str, Any]]:
    owner, wanted = bundle.name, {noun: dict(things) for noun, things in _wanted(bundle).items()}
    gone = [
        (noun, key)
        for noun, things in _held(store).items()
        for key, thing in things.items()
        if thing.catalog == owner and key not in wanted[noun]
    ]
    types = {key for noun, key in gone if noun == "type"}
    used = {
        template.email.layout
        for key, template in _held(store)["template"].items()
        if ("template", key) not in gone and key[0] not in types
    }
    return [
        (noun, key)
        for noun, key in gone
        if not (noun == "layout" and key in used) and not (noun == "topic" and store.audiences[key].members)
    ]


def _write(store: Store, caller: Caller, bundle: pb.CatalogBundle) -> None:
    held = _held(store)
    for kind in bundle.types:
        if not held["type"].get(kind.name) or _bare(held["type"][kind.name]) != _bare(_with_priority(kind)):
            put_type(store, caller, pb.PutTypeRequest(type=kind))
        _own(store.catalog.types[kind.name], bundle.name)
    for layout in bundle.layouts:
        if not held["layout"].get(layout.name) or _bare(held["layout"][layout.name]) != _bare(layout):
            put_layout(store, caller, pb.PutLayoutRequest(layout=layout))
        _own(store.catalog.layouts[layout.name], bundle.name)
    for template in bundle.templates:
        put_template(store, caller, pb.PutTemplateRequest(template=template))
        _own(_held(store)["template"][_key(template)], bundle.name)
    for topic in bundle.topics:
        now = to_timestamp(now_utc())
        new = Audience(recipient_service_pb2.Topic(name=topic.name, create_time=now))
        audience = store.audiences.setdefault(topic.name, new)
        audience.topic.display_name = topic.display_name
        audience.topic.description = topic.description
        _own(audience.topic, bundle.name)
    for name in _SETTINGS:
        if _differs(store, bundle, name):
            setattr(store.catalog.settings, name, getattr(bundle.settings, name))


def _own(thing: Any, owner: str) -> None:
    thing.catalog = thing.catalog or owner


def _remove(store: Store, noun: str, key: Any) -> None:
    if noun == "topic":
        del store.audiences[key]
        return
    holders: dict[str, dict[Any, Any]] = {
        "type": store.catalog.types,
        "template": store.catalog.versions,
        "layout": store.catalog.layouts,
    }
    del holders[noun][key]


def _differs(store: Store, bundle: pb.CatalogBundle, name: str) -> bool:
    wanted = getattr(bundle.settings, name)
    return bool(wanted) and wanted != getattr(store.catalog.settings, name)


def _differences(one: Message, other: Message) -> list[str]:
    """By part where both are templates of a channel."""
    first, second = _fields(one), _fields(other)
    return [name for name in sorted({*first, *second}) if first.get(name) != second.get(name)]


def _fields(thing: Message) -> dict[str, Any]:
    if isinstance(thing, pb.Template):
        content = thing.WhichOneof("content")
        thing = getattr(thing, content) if content else thing
    return {descriptor.name: value for descriptor, value in thing.ListFields()}


def _bare(thing: Any) -> Any:
    """Without what is read only."""
    bare = type(thing)()
    bare.CopyFrom(thing)
    for name in _READ_ONLY:
        if name in bare.DESCRIPTOR.fields_by_name:
            bare.ClearField(name)
    if isinstance(bare, pb.Template):
        bare.locale = canonical_locale(bare.locale)
    return bare


def _with_priority(kind: pb.NotificationType) -> pb.NotificationType:
    put = pb.NotificationType()
    put.CopyFrom(kind)
    put.priority = put.priority or types_pb2.PRIORITY_NORMAL
    return put


def _key(template: pb.Template) -> tuple[str, int, str]:
    return template.type, channel_of(template), canonical_locale(template.locale)


def _shown(key: Any) -> str:
    if isinstance(key, str):
        return key
    kind, channel, locale = key
    return f"{kind} {types_pb2.Channel.Name(channel).removeprefix('CHANNEL_')} {locale}"
