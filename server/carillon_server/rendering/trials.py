"""Data that a template is tried with: the sample, the least that the schema asks for, and the sample without
each thing that may be absent, and with each list empty. What a template forgets to ask for is then found
before anybody sends it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from carillon_server.rendering.schema import SchemaCompiler
from carillon_server.rendering.template.schema_view import ANYTHING, View, view_of

MAX_VARIATIONS = 40
_MAX_ITEMS = 3
_MAX_DEPTH = 8
_ABSENT = object()

Path = tuple[str | int, ...]


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
    candidates = [least, *_variations(schema, whole)]
    fitting = [data for data in candidates if data != whole and not validator.violations(data)]
    return [whole, *fitting]


def _least(view: View, value: Any, depth: int) -> Any:
    """The value with required members only; lists keep their items, each with the least."""
    if depth == 0:
        return value
    if isinstance(value, list):
        items = view.items() or ANYTHING
        return [_least(items, item, depth - 1) for item in value]
    if not isinstance(value, Mapping):
        return value
    required = view.required()
    return {
        name: _least(view.member(name) or ANYTHING, item, depth - 1)
        for name, item in value.items()
        if name in required
    }


def _variations(schema: Mapping[str, Any], sample: Mapping[str, Any]) -> Iterator[Any]:
    """The sample without each optional member, and with each list empty."""
    for path, value in islice(_changes(view_of(schema), sample, ()), MAX_VARIATIONS):
        yield _changed(sample, path, value)


def _changes(view: View, value: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    if len(path) >= _MAX_DEPTH:
        return
    if isinstance(value, list) and value:
        yield path, []
        items = view.items() or ANYTHING
        for place, item in enumerate(value[:_MAX_ITEMS]):
            yield from _changes(items, item, (*path, place))
    elif isinstance(value, Mapping):
        required = view.required()
        for name, item in value.items():
            if name not in required:
                yield (*path, name), _ABSENT
            yield from _changes(view.member(name) or ANYTHING, item, (*path, name))


def _changed(value: Any, path: Path, to: Any) -> Any:
    """The value with another one at the path."""
    if not path:
        return to
    step, *rest = path
    if isinstance(value, list):
        return [
            _changed(item, tuple(rest), to) if place == step else item for place, item in enumerate(value)
        ]
    changed = {**value, step: _changed(value[step], tuple(rest), to)}
    return {name: item for name, item in changed.items() if item is not _ABSENT}
