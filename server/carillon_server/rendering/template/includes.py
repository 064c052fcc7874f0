"""Which partials a sheet includes, and that they do so without going in circles."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from jinja2 import Environment, TemplateSyntaxError, nodes

from carillon_server.domain.rendering import Sheet
from carillon_server.rendering.template.failure import TemplateFault, forbidden

_MAX_DEPTH = 10


def check_includes(sheet: Sheet, environment: Environment) -> None:
    """Raises a fault for a partial that there is none of, and for one that includes itself."""
    sources = {partial.name: partial.source for partial in sheet.partials}
    named = {name: list(_includes(source, environment)) for name, source in sources.items()}
    for part, source in (*sheet.parts.items(), ("layout", sheet.layout.source if sheet.layout else "")):
        for name, line in _includes(source, environment):
            try:
                _follow(name, named, ())
            except TemplateFault as fault:
                fault.part, fault.line = part, line
                raise


def _follow(name: str, named: Mapping[str, list[tuple[str, int]]], above: tuple[str, ...]) -> None:
    if name not in named:
        raise forbidden(f"there is no partial {name[:100]!r}")
    if name in above or len(above) >= _MAX_DEPTH:
        raise forbidden(f"the partial {name[:100]!r} includes itself")
    for inner in {inner for inner, _ in named[name]}:
        _follow(inner, named, (*above, name))


def _includes(source: str, environment: Environment) -> Iterator[tuple[str, int]]:
    """Names and lines; what does not parse is told where it is compiled."""
    if "include" not in source:
        return
    try:
        tree = environment.parse(source)
    except (TemplateSyntaxError, TemplateFault, RecursionError):
        return
    for node in tree.find_all(nodes.Include):
        if isinstance(node.template, nodes.Const):
            yield str(node.template.value), node.lineno
