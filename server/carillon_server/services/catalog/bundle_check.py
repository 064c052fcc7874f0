"""Looks at everything that a bundle changes, and at what stands on it: all that is wrong, with its path."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from carillon_server.domain.catalog_bundle import CatalogBundle, CatalogPlan, HeldCatalog
from carillon_server.domain.catalog_limits import MAX_LAYOUTS, MAX_TEMPLATES, MAX_TYPES
from carillon_server.domain.errors import FieldsInvalid, FieldViolation
from carillon_server.domain.notification_type import NotificationType
from carillon_server.domain.sheet import used_layouts
from carillon_server.domain.template import Template, key_of
from carillon_server.services.catalog.inspector import Finding, Inspector, layout_violations, of_others
from carillon_server.services.catalog.paths import under

MAX_TOLD_CHARACTERS = 24_000
"""Of all violations together: they travel in the trailer of the call, which clients bound."""
_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class BundleCheck:
    """One bundle against what there is, and what there will be."""

    bundle: CatalogBundle
    held: HeldCatalog
    plan: CatalogPlan
    inspector: Inspector

    async def run(self) -> Sequence[Finding]:
        """What was found out of every template that changes or stands on something that does. Raises
        FIELD_INVALID with all that is wrong.
        """
        violations = [*self._too_many(), *self._typeless(), *self._layouts(), *await self._types()]
        findings: Sequence[Finding] = ()
        if not violations:
            # Against a broken schema every variable would be unknown.
            findings = await self.inspector.look_at_templates(
                self._affected(), self.plan.after.types, self.plan.after.layouts
            )
            violations += self._template_violations(findings)
        if violations:
            raise FieldsInvalid(_that_fit(violations))
        return findings

    def _too_many(self) -> Iterator[FieldViolation]:
        after = self.plan.after
        for noun, things, most in (
            ("types", after.types, MAX_TYPES),
            ("templates", after.templates, MAX_TEMPLATES),
            ("layouts", after.layouts, MAX_LAYOUTS),
        ):
            if len(things) > most:
                yield FieldViolation(
                    f"bundle.{noun}", f"would make {len(things):,} of a tenant: {most:,} at most"
                )

    def _typeless(self) -> Iterator[FieldViolation]:
        for index, template in enumerate(self.bundle.templates):
            if template.type not in self.plan.after.types:
                yield FieldViolation(f"bundle.templates[{index}].type", "is no type that there is")

    def _layouts(self) -> Iterator[FieldViolation]:
        for index, layout in enumerate(self.bundle.layouts):
            yield from under(f"bundle.layouts[{index}]", layout_violations(layout))

    async def _types(self) -> list[FieldViolation]:
        changed = {kind.name for kind in self.plan.puts.types}
        places = asyncio.Semaphore(_AT_ONCE)

        async def look(index: int, kind: NotificationType) -> Sequence[FieldViolation]:
            async with places:
                return under(f"bundle.types[{index}]", await self.inspector.look_at_type(kind))

        found = await asyncio.gather(
            *(look(index, kind) for index, kind in enumerate(self.bundle.types) if kind.name in changed)
        )
        return [violation for each in found for violation in each]

    def _affected(self) -> Sequence[Template]:
        """Those that are new or different, and those whose type or layouts are."""
        after = self.plan.after
        put = {key_of(template) for template in self.plan.puts.templates}
        types = {kind.name for kind in self.plan.puts.types}
        layouts = {each.name for each in (*self.plan.puts.layouts, *self.plan.removals.layouts.values())}
        return [
            template
            for key, template in after.templates.items()
            if key in put
            or template.type in types
            or (layouts and not layouts.isdisjoint(used_layouts(template, after.layouts)))
        ]

    def _template_violations(self, findings: Sequence[Finding]) -> Iterator[FieldViolation]:
        numbers = {key_of(template): index for index, template in enumerate(self.bundle.templates)}
        others = []
        for finding in findings:
            number = numbers.get(key_of(finding.template))
            if number is None:
                others.append(finding)
            else:
                yield from under(f"bundle.templates[{number}]", finding.violations)
        yield from of_others("bundle", others)


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
