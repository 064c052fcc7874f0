"""Data that a template is tried with: the sample, the least that the schema asks for, and the sample without
each thing that may be absent. What a template forgets to ask for is then found before anybody sends it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from carillon_server.rendering.schema import SchemaCompiler
from carillon_server.rendering.template.schema_view import View, view_of

_MAX_ABSENCES = 40
_MAX_DEPTH = 8

Path = tuple[str, ...]


def build_trials(schema: Mapping[str, Any], sample: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The sample first. Others that the schema would refuse are left out; all of them, where
    the schema is none.
    """
    whole = dict(sample)
    if not schema:
        return [whole]
    try:
        validator = SchemaCompiler()(schema)
    except ValueError:
        return [whole]
    least = _least(view_of(schema), whole, _MAX_DEPTH)
    candidates = [least, *_without_each(schema, whole)]
    fitting = [data for data in candidates if data != whole and not validator.violations(data)]
    return [whole, *fitting]


def _least(view: View, value: Any, depth: int) -> Any:
    """The value with required members only."""
    if not isinstance(value, Mapping) or depth == 0:
        return value
    required = view.required()
    return {
        name: _least(view.member(name) or view, item, depth - 1)
        for name, item in value.items()
        if name in required
    }


def _without_each(schema: Mapping[str, Any], sample: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    paths = list(_optional_paths(view_of(schema), sample, ()))
    for path in paths[:_MAX_ABSENCES]:
        yield _without(sample, path)


def _optional_paths(view: View, value: Mapping[str, Any], above: Path) -> Iterator[Path]:
    required = view.required()
    for name, item in value.items():
        path = (*above, name)
        if name not in required:
            yield path
        member = view.member(name)
        if isinstance(item, Mapping) and member is not None and len(path) < _MAX_DEPTH:
            yield from _optional_paths(member, item, path)


def _without(value: Mapping[str, Any], path: Path) -> dict[str, Any]:
    name, *rest = path
    if not rest:
        return {key: item for key, item in value.items() if key != name}
    return {**value, name: _without(value[name], tuple(rest))}
