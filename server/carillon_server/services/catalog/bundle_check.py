"""Looks at everything that a bundle changes, and at what stands on it: all that is wrong, with its path."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from carillon_server.domain.catalog_bundle import CatalogBundle, CatalogPlan
from carillon_server.domain.catalog_limits import MAX_LAYOUTS, MAX_TEMPLATES, MAX_TYPES
from carillon_server.domain.errors import FieldViolation
from carillon_server.domain.notification_type import NotificationType
from carillon_server.domain.sheet import used_layouts
from carillon_server.domain.template import Template, key_of
from carillon_server.services.catalog.inspector import Finding, Inspector, layout_violations, of_others
from carillon_server.services.catalog.paths import under

_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class CheckedBundle:
    """What came of the look."""

    findings: Sequence[Finding]
    """Of every template that changes, or stands on something that does."""
    violations: Sequence[FieldViolation]
    """All that is wrong; none: it can be applied."""


@dataclass(frozen=True, slots=True)
class BundleCheck:
    """One bundle against what there will be."""

    bundle: CatalogBundle
    plan: CatalogPlan
    inspector: Inspector

    async def run(self) -> CheckedBundle:
        """Looks at everything. A template whose type is wrong is passed over: against a broken schema every
        variable would be unknown.
        """
        of_types = await self._types()
        violations = [*self._too_many(), *self._typeless(), *self._layouts()]
        violations += [violation for found in of_types.values() for violation in found]
        findings = await self.inspector.look_at_templates(
            [each for each in self._affected() if each.type not in of_types],
            self.plan.after.types,
            self.plan.after.layouts,
        )
        return CheckedBundle(findings, [*violations, *self._template_violations(findings)])

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

    async def _types(self) -> dict[str, Sequence[FieldViolation]]:
        """What is wrong, by the name of the type."""
        changed = {kind.name for kind in self.plan.puts.types}
        places = asyncio.Semaphore(_AT_ONCE)

        async def look(index: int, kind: NotificationType) -> tuple[str, Sequence[FieldViolation]]:
            async with places:
                found = await self.inspector.look_at_type(kind)
                return kind.name, under(f"bundle.types[{index}]", found)

        found = await asyncio.gather(
            *(look(index, kind) for index, kind in enumerate(self.bundle.types) if kind.name in changed)
        )
        return {name: violations for name, violations in found if violations}

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
