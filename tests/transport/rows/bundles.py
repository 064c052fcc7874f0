"""Whole catalogs. What their types, templates and layouts may be is told by the rows of single ones."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.transport.rows.base import LINE_FEED, NUL, Row

_RPC = "ApplyCatalog"
_NO_NAMES = ("", "a b", "x" * 101, "ä")


def bundle_rows() -> Iterator[Row]:
    yield Row(_RPC, {"bundle": None}, "bundle")
    yield Row(_RPC, {"dry_run": True, "prune": True})
    for name in _NO_NAMES:
        yield _with("bundle.name", name=name)
    yield Row("ExportCatalog", {"catalog": "audit"})
    yield Row("ExportCatalog", {"catalog": "a b"}, "catalog")
    yield from _counts()
    yield from _items()
    yield from _topics()
    yield _with("bundle.settings.default_locale", settings={"default_locale": "klingon"})
    yield _with("bundle.settings.default_time_zone", settings={"default_time_zone": "Mars/Olympus"})
    yield _with("bundle.settings.unknown_types", settings={"unknown_types": 3})


def _counts() -> Iterator[Row]:
    types = [{"name": f"t{number}"} for number in range(1_001)]
    templates = [_template(locale="de", type=f"t{number}") for number in range(10_001)]
    layouts = [_layout(f"l{number}") for number in range(201)]
    topics = [{"name": f"t{number}"} for number in range(1_001)]
    yield _with("bundle.types", types=types)
    yield _with("bundle.templates", templates=templates)
    yield _with("bundle.layouts", layouts=layouts)
    yield _with("bundle.topics", topics=topics)
    yield _with(None, topics=topics[:1_000])


def _items() -> Iterator[Row]:
    """Each is checked like a single one, and there once."""
    yield _with("bundle.types[1].name", types=[{"name": "a"}, {"name": "b c"}])
    yield _with(None, types=[{"name": "a", "catalog": "what is read only is left out"}])
    yield _with("bundle.types[1]", types=[{"name": "a"}, {"name": "a"}])
    known: dict[str, Any] = {"types": [{"name": "scan.completed"}]}
    yield _with(None, templates=[_template()], **known)
    yield _with("bundle.templates[0].in_app.title", templates=[_template(in_app={"body": "x"})], **known)
    yield _with("bundle.templates[1]", templates=[_template(), _template(locale="EN")], **known)
    yield _with("bundle.templates[0].type", templates=[_template(type="nowhere")], **known)
    yield _with("bundle.layouts[0].format", layouts=[{**_layout("a"), "format": 0}])
    yield _with("bundle.layouts[1]", layouts=[_layout("a"), _layout("a")])


def _topics() -> Iterator[Row]:
    for name in ("", "a b", "x" * 101):
        yield _with("bundle.topics[0].name", topics=[{"name": name}])
    yield _with("bundle.topics[1]", topics=[{"name": "a"}, {"name": "a"}])
    yield _with(None, topics=[{"name": "a", "display_name": "ö" * 100}])
    for text in ("x" * 101, NUL, LINE_FEED):
        yield _with("bundle.topics[0].display_name", topics=[{"name": "a", "display_name": text}])
    yield _with(None, topics=[{"name": "a", "description": "a\nb"}])
    for text in ("x" * 1_001, NUL):
        yield _with("bundle.topics[0].description", topics=[{"name": "a", "description": text}])


def _with(field: str | None, **changes: Any) -> Row:
    return Row(_RPC, {"bundle": {"name": "audit", **changes}}, field)


def _template(**changes: Any) -> dict[str, Any]:
    return {"type": "scan.completed", "locale": "en", "in_app": {"title": "Done"}, **changes}


def _layout(name: str) -> dict[str, Any]:
    return {"name": name, "format": 1, "source": "<p>{{ content }}</p>"}
