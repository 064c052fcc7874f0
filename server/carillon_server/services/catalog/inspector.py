"""Whether types and templates make sense, asked before they are stored."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from carillon_server.domain.channel import Channel
from carillon_server.domain.errors import FieldViolation
from carillon_server.domain.layout import Layout, LayoutFormat, content_places
from carillon_server.domain.locale import DEFAULT_LOCALE
from carillon_server.domain.notification_type import NotificationType
from carillon_server.domain.rendering import SourceProblem
from carillon_server.domain.sheet import build_sheet
from carillon_server.domain.template import MARKUP_PARTS, Dependence, Template, key_of
from carillon_server.services.ports import Renderer, SchemaCompiler, SchemaValidator

MAX_VIOLATIONS = 20
_AT_ONCE = 8
_FITTING: Mapping[LayoutFormat, frozenset[str]] = {
    LayoutFormat.HTML: frozenset({"html", "markdown"}),
    LayoutFormat.MJML: frozenset({"mjml", "markdown"}),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """What came of a look at a template."""

    template: Template
    dependence: Dependence
    violations: Sequence[FieldViolation]
    """Paths within the template: `email.html`, `email.layout`. None: it is fine."""


class Inspector:
    """Looks at what is to be stored, against everything that it will stand beside."""

    def __init__(self, renderer: Renderer, compile_schema: SchemaCompiler) -> None:
        self._renderer = renderer
        self._compile_schema = compile_schema

    async def look_at_type(self, kind: NotificationType) -> Sequence[FieldViolation]:
        """Its schema, its sample and its rules; paths within the type. Its templates are not looked at."""
        try:
            validator = self._compile_schema(kind.data_schema) if kind.data_schema else None
        except ValueError as error:
            return [FieldViolation("data_schema", str(error))]
        violations = _sample_violations(kind, validator)
        if violations:
            return violations[:MAX_VIOLATIONS]
        for field, rule in (("collapse_rule", kind.collapse_rule), ("thread_rule", kind.thread_rule)):
            violations.extend(await self._look_at_rule(kind, field, rule) if rule else ())
        return violations[:MAX_VIOLATIONS]

    async def look_at_template(
        self, template: Template, kind: NotificationType, layouts: Mapping[str, Layout]
    ) -> Finding:
        """`kind`: its type; `layouts`: all that there will be, by name."""
        if fault := _layout_fault(template, layouts):
            return Finding(template, template.dependence, [FieldViolation("email.layout", fault)])
        report = await self._renderer.check(
            build_sheet(template, layouts), kind.data_schema, kind.sample_data
        )
        violations = [_violation(template, problem) for problem in report.problems]
        return Finding(template, report.dependence, violations[:MAX_VIOLATIONS])

    async def look_at_templates(
        self,
        templates: Sequence[Template],
        types: Mapping[str, NotificationType],
        layouts: Mapping[str, Layout],
    ) -> Sequence[Finding]:
        """Some at once, the findings in the order of the templates. Those whose type is not in `types` are
        passed over: nothing sends them.
        """
        places = asyncio.Semaphore(_AT_ONCE)

        async def look(template: Template) -> Finding:
            async with places:
                return await self.look_at_template(template, types[template.type], layouts)

        return await asyncio.gather(*(look(each) for each in templates if each.type in types))

    async def _look_at_rule(self, kind: NotificationType, field: str, rule: str) -> Sequence[FieldViolation]:
        # The part that has the limits of a rule: one line, and none at all where it comes out empty.
        trial = Template(kind.name, Channel.CHAT, DEFAULT_LOCALE, {"title": rule})
        report = await self._renderer.check(build_sheet(trial, {}), kind.data_schema, kind.sample_data)
        if report.problems:
            return [FieldViolation(field, each.description) for each in report.problems]
        if report.dependence is Dependence.NOTHING:
            return ()
        return [FieldViolation(field, "is the same for all recipients, so it cannot speak of one")]


def layout_violations(layout: Layout) -> Sequence[FieldViolation]:
    """What is wrong with a layout by itself; paths within it."""
    if content_places(layout.source) > 1:
        return [FieldViolation("source", "has {{ content }} more than once")]
    return ()


def of_others(field: str, findings: Sequence[Finding]) -> Sequence[FieldViolation]:
    """What a change of one thing would break of templates, as violations of that thing."""
    return [
        FieldViolation(
            field, f"template {key_of(each.template)} would break: {first.field} {first.description}"
        )
        for each in findings
        for first in each.violations[:1]
    ][:MAX_VIOLATIONS]


def _sample_violations(kind: NotificationType, validator: SchemaValidator | None) -> list[FieldViolation]:
    if validator is None:
        return []
    found = validator.violations(kind.sample_data)
    if found and not kind.sample_data:
        return [FieldViolation("sample_data", "is required, since the schema has required members")]
    return [
        FieldViolation(f"sample_data{each.field.removeprefix('data')}", each.description) for each in found
    ]


def _layout_fault(template: Template, layouts: Mapping[str, Layout]) -> str:
    if not template.layout:
        return ""
    layout = layouts.get(template.layout)
    if layout is None:
        return "is no layout that there is"
    if layout.is_partial:
        return "is a partial: it does not say where {{ content }} goes"
    markup = next(iter(MARKUP_PARTS.intersection(template.parts)), "")
    if markup not in _FITTING[layout.format]:
        return f"is of {layout.format.name}, which takes {' and '.join(sorted(_FITTING[layout.format]))}"
    return ""


def _violation(template: Template, problem: SourceProblem) -> FieldViolation:
    place = f"line {problem.line}: " if problem.line else ""
    channel = template.channel.name.lower()
    if problem.part in template.parts:
        return FieldViolation(f"{channel}.{problem.part}", place + problem.description)
    # Of a layout or a partial, or of the whole.
    field = f"{channel}.layout" if template.layout else channel
    return FieldViolation(field, f"{problem.part} {place}{problem.description}".strip())
