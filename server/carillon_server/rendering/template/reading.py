"""What can be told of a template by reading it: what it may not have, asks for, and depends on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from jinja2 import TemplateError, TemplateSyntaxError, nodes

from carillon_server.domain.channel import Channel
from carillon_server.domain.rendering import Sheet
from carillon_server.domain.template import MARKUP_PARTS, Dependence
from carillon_server.rendering.template import names
from carillon_server.rendering.template.environment import PlainEnvironment
from carillon_server.rendering.template.failure import TemplateFault
from carillon_server.rendering.template.grammar import find_faults
from carillon_server.rendering.template.includes import check_includes
from carillon_server.rendering.template.mail import check_layout
from carillon_server.rendering.template.payload import check_payload
from carillon_server.rendering.template.schema_view import view_of
from carillon_server.rendering.template.variables import VariableReader

_PARTIAL = "partial "


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong in a part."""

    part: str
    line: int
    description: str


@dataclass(slots=True)
class Reading:
    """All that was read."""

    findings: list[Finding] = field(default_factory=list)
    dependence: Dependence = Dependence.RECIPIENT
    includes: list[str] = field(default_factory=list)
    """The layout, and partials by name."""


def read_sources(sheet: Sheet, schema: Mapping[str, Any]) -> Reading:
    """Reads parts, layout and the partials that they include."""
    environment = PlainEnvironment(escapes=True)
    reading = Reading()
    trees = _parse_all(environment, sheet, reading)
    partials = {name[len(_PARTIAL) :]: tree for name, tree in trees.items() if name.startswith(_PARTIAL)}
    sources = {name: tree for name, tree in trees.items() if not name.startswith(_PARTIAL)}
    used = _used_partials(sources.values(), partials)
    _check_whole(sheet, environment, reading)
    for part, tree in sources.items():
        reader = VariableReader(view_of(schema), partials, is_layout=part == "layout")
        reading.findings.extend(Finding(part, line, text) for line, text in reader.read(tree))
    reading.dependence = _dependence_of([*sources.values(), *(partials[name] for name in used)])
    reading.includes = [*([sheet.layout.name] if sheet.layout else []), *sorted(used)]
    return reading


def _parse_all(environment: PlainEnvironment, sheet: Sheet, reading: Reading) -> dict[str, nodes.Template]:
    """By part; `layout`, and `partial NAME`."""
    sources = {name: source for name, source in sheet.parts.items() if source}
    if sheet.layout is not None:
        sources["layout"] = sheet.layout.source
    sources |= {f"{_PARTIAL}{partial.name}": partial.source for partial in sheet.partials}
    trees = {}
    for part, source in sources.items():
        try:
            tree = environment.read(source)
        except TemplateSyntaxError as error:
            reading.findings.append(Finding(part, error.lineno, error.message or "it does not parse"))
        except (RecursionError, TemplateError):
            reading.findings.append(Finding(part, 1, "it is nested too deeply"))
        else:
            faults = [Finding(part, fault.line, fault.detail) for fault in find_faults(tree)]
            reading.findings.extend(faults)
            trees[part] = tree
    return trees


def _check_whole(sheet: Sheet, environment: PlainEnvironment, reading: Reading) -> None:
    """What concerns more than one source. Only where each is fine by itself."""
    if reading.findings:
        return
    try:
        check_includes(sheet, environment)
        if "payload" in sheet.parts:
            _check_payload_part(environment, sheet.parts["payload"])
        if sheet.layout is not None and sheet.channel is Channel.EMAIL:
            _check_layout_part(environment, sheet)
    except TemplateFault as fault:
        reading.findings.append(Finding(fault.part, fault.line, fault.detail))


def _check_payload_part(environment: PlainEnvironment, source: str) -> None:
    try:
        check_payload(environment.read(source))
    except TemplateFault as fault:
        fault.part = "payload"
        raise


def _check_layout_part(environment: PlainEnvironment, sheet: Sheet) -> None:
    assert sheet.layout is not None  # noqa: S101 - for the type checker; the caller asked
    part = next((name for name in MARKUP_PARTS if sheet.parts.get(name)), "text alone")
    try:
        check_layout(sheet.layout.source, sheet.layout.format, part, environment)
    except TemplateFault as fault:
        fault.part = "layout"
        raise


def _used_partials(sources: Iterable[nodes.Template], partials: Mapping[str, nodes.Template]) -> set[str]:
    used: set[str] = set()
    waiting = list(sources)
    while waiting:
        for node in waiting.pop().find_all(nodes.Include):
            name = node.template.value if isinstance(node.template, nodes.Const) else ""
            if name in partials and name not in used:
                used.add(name)
                waiting.append(partials[name])
    return used


def _dependence_of(trees: list[nodes.Template]) -> Dependence:
    variables = {node.name for tree in trees for node in tree.find_all(nodes.Name)}
    if "recipient" in variables:
        return Dependence.RECIPIENT
    filters = {node.name for tree in trees for node in tree.find_all(nodes.Filter)}
    filters |= {
        node.args[0].value
        for tree in trees
        for node in tree.find_all(nodes.Filter)
        if node.name == "map" and node.args and isinstance(node.args[0], nodes.Const)
    }
    return Dependence.ZONE if filters & names.ZONE_FILTERS else Dependence.NOTHING
