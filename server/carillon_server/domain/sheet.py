"""From a template to the sheet that a renderer takes: with its layout, and whatever both include."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping

from carillon_server.domain.layout import Layout
from carillon_server.domain.rendering import Sheet
from carillon_server.domain.template import Template

_INCLUDE = re.compile(r"\{%[-+]?\s*include\b(.*?)%\}", re.DOTALL)
_QUOTED = re.compile(r"""["']([a-zA-Z0-9_.-]{1,100})["']""")
_REGIONAL = re.compile(r"\|\s*(?:number|percent|currency|date|time|datetime|relative|plural)\b")


def is_regional(sheet: Sheet) -> bool:
    """Whether it shows numbers or dates, which differ between regions of one language."""
    pieces = [*sheet.partials, *([sheet.layout] if sheet.layout else [])]
    sources = (*sheet.parts.values(), *(piece.source for piece in pieces))
    return any(_REGIONAL.search(source) for source in sources)


def build_sheet(template: Template, layouts: Mapping[str, Layout]) -> Sheet:
    """`layouts`: all that the tenant has, by name. What is missing is left out: the renderer says so."""
    layout = layouts.get(template.layout) if template.layout else None
    sources = [*template.parts.values(), *([layout.source] if layout else [])]
    partials = _closure(sources, layouts)
    return Sheet(
        digest=_digest(template, layout, partials),
        channel=template.channel,
        locale=template.locale,
        parts=template.parts,
        layout=layout,
        partials=partials,
    )


def used_layouts(template: Template, layouts: Mapping[str, Layout]) -> frozenset[str]:
    """Names of the layout and of everything that is included, there or not."""
    sheet = build_sheet(template, layouts)
    sources = [*sheet.parts.values(), *(piece.source for piece in sheet.partials)]
    if sheet.layout is not None:
        sources.append(sheet.layout.source)
    named = {template.layout} if template.layout else set()
    return frozenset(named.union(*map(included_names, sources)))


def included_names(source: str) -> frozenset[str]:
    """What it includes by name, whether there is such a thing or not."""
    return frozenset(name for tag in _INCLUDE.findall(source) for name in _QUOTED.findall(tag))


def _closure(sources: Iterable[str], layouts: Mapping[str, Layout]) -> tuple[Layout, ...]:
    """What they include, and what that includes, by name."""
    found: dict[str, Layout] = {}
    waiting = list(sources)
    while waiting:
        for name in included_names(waiting.pop()):
            if name in layouts and name not in found:
                found[name] = layouts[name]
                waiting.append(layouts[name].source)
    return tuple(found[name] for name in sorted(found))


def _digest(template: Template, layout: Layout | None, partials: Iterable[Layout]) -> bytes:
    pieces = [
        [piece.name, int(piece.format), piece.source] if piece else None for piece in (layout, *partials)
    ]
    told = [int(template.channel), template.locale, sorted(template.parts.items()), pieces]
    return hashlib.sha256(json.dumps(told).encode()).digest()
