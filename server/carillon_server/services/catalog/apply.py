"""Whole catalogs, applied and given back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from carillon_server.domain.catalog_bundle import CatalogBundle, CatalogPlan, HeldCatalog
from carillon_server.domain.catalog_plan import make_plan
from carillon_server.domain.errors import FieldsInvalid, FieldViolation
from carillon_server.domain.layout import Layout
from carillon_server.domain.notification_type import NotificationType
from carillon_server.domain.template import Template, key_of
from carillon_server.domain.topic import Topic
from carillon_server.services.catalog.bundle_check import BundleCheck
from carillon_server.services.catalog.desk import CatalogDesk, Nothing, Write
from carillon_server.services.catalog.inspector import Finding, Inspector
from carillon_server.storage.catalog_bulk import (
    fetch_all_topics,
    fetch_held,
    put_bundle,
    put_dependences,
    remove_held,
)
from carillon_server.storage.database import Connection, Database

_Owned = TypeVar("_Owned", NotificationType, Template, Layout, Topic)

MAX_TOLD_CHARACTERS = 24_000
"""Of all violations together: they travel in the trailer of the call, which clients bound."""
EVERYTHING = "all"
"""What an export of no catalog in particular is called."""


class CatalogApplier:
    """Brings the catalogs of tenants to what bundles say, and says it as a bundle."""

    def __init__(self, database: Database, desk: CatalogDesk, inspector: Inspector) -> None:
        self._database = database
        self._desk = desk
        self._inspector = inspector

    async def apply(self, tenant: str, bundle: CatalogBundle, *, dry_run: bool, prune: bool) -> CatalogPlan:
        """What was changed, or with `dry_run` would be. All or nothing. Raises FIELD_INVALID with everything
        that is wrong.
        """

        async def prepare() -> Write[CatalogPlan] | Nothing[CatalogPlan]:
            held = await self._held(tenant)
            plan = _plan(bundle, held, prune=prune)
            checked = await BundleCheck(bundle, plan, self._inspector).run()
            if checked.violations:
                raise FieldsInvalid(_that_fit(checked.violations))
            if dry_run or not plan.changes:
                return Nothing(plan)
            return Write(_Application(tenant, bundle, prune, held, checked.findings).run)

        return await self._desk.change(tenant, prepare)

    async def export(self, tenant: str, catalog: str) -> CatalogBundle:
        """What the catalog brought, by key; empty: everything, with the settings."""
        held = await self._held(tenant)
        return CatalogBundle(
            name=catalog or EVERYTHING,
            types=_brought(catalog, held.types),
            templates=_brought(catalog, held.templates),
            layouts=_brought(catalog, held.layouts),
            topics=_brought(catalog, held.topics),
            settings=None if catalog else held.settings,
        )

    async def _held(self, tenant: str) -> HeldCatalog:
        async with (
            self._database.connection() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            return await fetch_held(connection, tenant)


@dataclass(frozen=True, slots=True)
class _Application:
    """One bundle, checked, on its way into the tables."""

    tenant: str
    bundle: CatalogBundle
    prune: bool
    held: HeldCatalog
    findings: Sequence[Finding]

    async def run(self, connection: Connection) -> CatalogPlan:
        # Types, templates and layouts are those that were checked, since the revision is; topics have none.
        topics = await fetch_all_topics(connection, self.tenant, lock=True)
        plan = _plan(self.bundle, replace(self.held, topics=topics), prune=self.prune)
        dependences = {key_of(each.template): each.dependence for each in self.findings}

        def found(template: Template) -> Template:
            return replace(template, dependence=dependences[key_of(template)])

        await remove_held(connection, self.tenant, plan.removals)
        templates = tuple(found(each) for each in plan.puts.templates)
        await put_bundle(connection, self.tenant, replace(plan.puts, templates=templates))
        others = dependences.keys() - {key_of(each) for each in templates}
        await put_dependences(
            connection, self.tenant, [found(plan.after.templates[key]) for key in sorted(others, key=str)]
        )
        return plan


def _plan(bundle: CatalogBundle, held: HeldCatalog, *, prune: bool) -> CatalogPlan:
    plan = make_plan(bundle, held, prune=prune)
    if plan.conflicts:
        raise FieldsInvalid(plan.conflicts)
    return plan


def _that_fit(violations: Sequence[FieldViolation]) -> list[FieldViolation]:
    told: list[FieldViolation] = []
    room = MAX_TOLD_CHARACTERS
    for violation in violations:
        room -= len(violation.field) + len(violation.description)
        if room < 0:
            rest = len(violations) - len(told)
            return [*told, FieldViolation("bundle", f"has {rest:,} more problems, which find no room here")]
        told.append(violation)
    return told


def _brought(catalog: str, things: Mapping[Any, _Owned]) -> tuple[_Owned, ...]:
    return tuple(thing for _, thing in sorted(things.items(), key=_by_name) if catalog in ("", thing.catalog))


def _by_name(item: tuple[object, object]) -> str:
    return str(item[0])
