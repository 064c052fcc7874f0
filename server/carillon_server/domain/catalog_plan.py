"""Compares a bundle with what a tenant has.

Whose a thing is: what no catalog brought is taken over. What another catalog brought stays its own: the same
in both is no change, something else is a conflict. Pruning removes only what this catalog brought.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Generic, Protocol, TypeVar

from carillon_server.domain import catalog_diff as differ
from carillon_server.domain.catalog_bundle import (
    CatalogBundle,
    CatalogChange,
    CatalogPlan,
    ChangeKind,
    HeldCatalog,
    Noun,
)
from carillon_server.domain.catalog_settings import CatalogSettings
from carillon_server.domain.errors import FieldViolation
from carillon_server.domain.layout import Layout
from carillon_server.domain.notification_type import NotificationType
from carillon_server.domain.sheet import used_layouts
from carillon_server.domain.template import Template, TemplateKey, key_of
from carillon_server.domain.topic import Topic


class _Owned(Protocol):
    @property
    def catalog(self) -> str: ...


Thing = TypeVar("Thing", bound=_Owned)
Key = TypeVar("Key", bound=Hashable)


@dataclass(slots=True)
class _Part(Generic[Key, Thing]):
    """The plan for one noun."""

    puts: list[Thing] = field(default_factory=list)
    removals: dict[Key, Thing] = field(default_factory=dict)
    after: dict[Key, Thing] = field(default_factory=dict)
    changes: list[CatalogChange] = field(default_factory=list)
    conflicts: list[FieldViolation] = field(default_factory=list)
    unchanged_count: int = 0


@dataclass(frozen=True, slots=True)
class _Comparison(Generic[Key, Thing]):
    """How things of one noun are compared."""

    noun: Noun
    key_of: Callable[[Thing], Key]
    differences: Callable[[Thing, Thing], tuple[str, ...]]


_TYPES: _Comparison[str, NotificationType] = _Comparison(
    Noun.TYPE, lambda kind: kind.name, differ.type_differences
)
_TEMPLATES: _Comparison[TemplateKey, Template] = _Comparison(
    Noun.TEMPLATE, key_of, differ.template_differences
)
_LAYOUTS: _Comparison[str, Layout] = _Comparison(
    Noun.LAYOUT, lambda layout: layout.name, differ.layout_differences
)
_TOPICS: _Comparison[str, Topic] = _Comparison(Noun.TOPIC, lambda topic: topic.name, differ.topic_differences)


def make_plan(bundle: CatalogBundle, held: HeldCatalog, *, prune: bool) -> CatalogPlan:
    """What has to change. Where there are conflicts the rest is not to be used."""
    owner = bundle.name
    types = _compare(_TYPES, bundle.types, held.types, owner)
    templates = _compare(_TEMPLATES, bundle.templates, held.templates, owner)
    layouts = _compare(_LAYOUTS, bundle.layouts, held.layouts, owner)
    topics = _compare(_TOPICS, bundle.topics, held.topics, owner)
    if prune:
        gone = _remove(_TYPES, types, bundle.types, owner)
        _remove(_TEMPLATES, templates, bundle.templates, owner, also=lambda each: each.type in gone)
        used = _used(templates.after.values(), layouts.after)
        _remove(_LAYOUTS, layouts, bundle.layouts, owner, kept=lambda each: each.name in used)
        _remove(_TOPICS, topics, bundle.topics, owner, kept=lambda each: each.member_count > 0)
    settings, changed = _compare_settings(bundle.settings, held.settings)
    parts: tuple[_Part[Any, Any], ...] = (layouts, templates, topics, types)
    changes = [change for part in parts for change in part.changes] + changed
    return CatalogPlan(
        changes=tuple(sorted(changes, key=lambda change: (change.noun, change.name))),
        unchanged_count=sum(part.unchanged_count for part in parts),
        puts=CatalogBundle(
            owner,
            tuple(types.puts),
            tuple(templates.puts),
            tuple(layouts.puts),
            tuple(topics.puts),
            settings if changed else None,
        ),
        removals=HeldCatalog(types.removals, templates.removals, layouts.removals, topics.removals),
        after=HeldCatalog(types.after, templates.after, layouts.after, topics.after, settings),
        conflicts=tuple(conflict for part in parts for conflict in part.conflicts),
    )


def _compare(
    how: _Comparison[Key, Thing], wanted: Iterable[Thing], held: Mapping[Key, Thing], owner: str
) -> _Part[Key, Thing]:
    part: _Part[Key, Thing] = _Part(after=dict(held))
    for index, thing in enumerate(wanted):
        key = how.key_of(thing)
        before = held.get(key)
        fields = () if before is None else how.differences(before, thing)
        if before is not None and not fields and before.catalog:
            part.unchanged_count += 1
        elif before is not None and before.catalog not in ("", owner):
            path = f"bundle.{how.noun}s[{index}]"
            part.conflicts.append(FieldViolation(path, _conflict(how, key, before.catalog, fields)))
        else:
            _put(how, part, key, _brought_by(owner, thing), before, fields)
    return part


def _put(
    how: _Comparison[Key, Thing],
    part: _Part[Key, Thing],
    key: Key,
    thing: Thing,
    before: Thing | None,
    fields: tuple[str, ...],
) -> None:
    part.puts.append(thing)
    part.after[key] = thing
    kind = ChangeKind.CREATED if before is None else ChangeKind.CHANGED
    if before is not None and before.catalog != thing.catalog:
        fields = (*fields, "catalog")
    part.changes.append(CatalogChange(kind, how.noun, str(key), fields))


def _remove(
    how: _Comparison[Key, Thing],
    part: _Part[Key, Thing],
    wanted: Iterable[Thing],
    owner: str,
    *,
    kept: Callable[[Thing], bool] = lambda _: False,
    also: Callable[[Thing], bool] = lambda _: False,
) -> Collection[Key]:
    """Takes away what the catalog brought and no longer has."""
    still = {how.key_of(thing) for thing in wanted}
    for key, thing in list(part.after.items()):
        if key not in still and (also(thing) or (thing.catalog == owner and not kept(thing))):
            part.removals[key] = part.after.pop(key)
            part.changes.append(CatalogChange(ChangeKind.REMOVED, how.noun, str(key)))
    return part.removals


def _used(templates: Iterable[Template], layouts: Mapping[str, Layout]) -> frozenset[str]:
    by_hand = dict(layouts)
    return frozenset().union(*(used_layouts(template, by_hand) for template in templates))


def _compare_settings(
    wanted: CatalogSettings | None, held: CatalogSettings
) -> tuple[CatalogSettings, list[CatalogChange]]:
    fields = () if wanted is None else differ.settings_differences(held, wanted)
    if not fields:
        return held, []
    settings = replace(held, **{name: getattr(wanted, name) for name in fields})
    return settings, [CatalogChange(ChangeKind.CHANGED, Noun.SETTINGS, "", fields)]


def _conflict(how: _Comparison[Key, Any], key: Key, catalog: str, fields: tuple[str, ...]) -> str:
    return f"the {how.noun} {key!s} belongs to the catalog {catalog!r}, and differs in {', '.join(fields)}"


def _brought_by(owner: str, thing: Thing) -> Thing:
    return replace(thing, catalog=owner)  # type: ignore[type-var]  # all of them are dataclasses
