"""How large a schema may be, and how much work it may make of a value.

Size alone says little: `{"allOf": [{"$ref": "#/$defs/a"}, {"$ref": "#/$defs/a"}]}`, fifty times in a row, is
small and doubles the work with each. So the schemas that apply to one value are counted, along the deepest
path.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote

from carillon_server.rendering.schema_paths import path_of

MAX_SCHEMA_BYTES = 32 * 1024
MAX_SCHEMA_DEPTH = 32
MAX_DATA_DEPTH = 16
MAX_APPLICATIONS = 2_000
"""Of schemas, along one path of the data."""
DIALECT = "https://json-schema.org/draft/2020-12/schema"

_REFERENCES = ("$ref", "$dynamicRef")
_ANCHORS = ("$anchor", "$dynamicAnchor")
_NOT_SCHEMAS = frozenset({"const", "enum", "default", "examples"})
_SAME_VALUE_LISTS = ("allOf", "anyOf", "oneOf")
_SAME_VALUE = ("not", "if", "then", "else")
_CHILDREN = (
    "additionalProperties", "contains", "items", "propertyNames", "unevaluatedItems", "unevaluatedProperties",
)  # fmt: skip


def check_limits(schema: Mapping[str, Any]) -> None:
    """Raises ValueError with a sentence that begins with the path."""
    if len(json.dumps(schema, ensure_ascii=False).encode(errors="replace")) > MAX_SCHEMA_BYTES:
        raise ValueError(f"$: is larger than {MAX_SCHEMA_BYTES // 1024} KiB")
    anchors: dict[str, Any] = {}
    for path, name, value, holder in _members(schema, (), 0):
        _check_member(path, name, value)
        if name in _ANCHORS and isinstance(value, str) and anchors.setdefault(value, holder) is not holder:
            raise ValueError(f"{path}: is there twice")
    _Work(schema, anchors).measure()


def _members(node: Any, path: tuple[str | int, ...], depth: int) -> Iterator[tuple[str, str, Any, Any]]:
    """Path, name and value of each, and what it is a member of."""
    if depth > MAX_SCHEMA_DEPTH:
        raise ValueError(f"{path_of('', path)[:200]}: is deeper than {MAX_SCHEMA_DEPTH} levels")
    if isinstance(node, Mapping):
        for name, value in node.items():
            yield path_of("", (*path, name)), name, value, node
            if name not in _NOT_SCHEMAS:
                yield from _members(value, (*path, name), depth + 1)
    elif isinstance(node, list):
        for place, value in enumerate(node):
            yield from _members(value, (*path, place), depth + 1)


def _check_member(path: str, name: str, value: Any) -> None:
    if not isinstance(value, str):
        return
    if name in _REFERENCES and not value.startswith("#"):
        raise ValueError(f"{path}: references lead inside the schema only")
    if name == "$id" and path != "$id":
        # References in it would count from there, and lead elsewhere than they seem to.
        raise ValueError(f"{path}: only the whole schema has one")
    if name == "$schema" and value.rstrip("#") != DIALECT:
        raise ValueError(f"{path}: only {DIALECT} is understood")


class _Work:
    """Counts the schemas that apply to a value, all the way down."""

    def __init__(self, document: Mapping[str, Any], anchors: Mapping[str, Any]) -> None:
        self._document = document
        self._anchors = anchors
        self._known: dict[tuple[int, int], int] = {}

    def measure(self) -> None:
        """Raises ValueError where it is too much."""
        self._count(self._document, MAX_DATA_DEPTH)

    def _count(self, schema: Any, levels: int) -> int:
        if not isinstance(schema, Mapping) or levels < 0:
            return 1
        key = (id(schema), levels)
        if key not in self._known:
            # A schema that leads to itself at the same value adds nothing: the library sees through it.
            self._known[key] = 1
            total = 1 + sum(self._count(beside, levels) for beside in self._beside(schema))
            total += sum(self._count(child, levels - 1) for child in self._below(schema))
            total += max((self._count(child, levels - 1) for child in _named(schema)), default=0)
            self._known[key] = total
            if total > MAX_APPLICATIONS:
                raise ValueError("$: makes too much work of each value: fewer references in each other")
        return self._known[key]

    def _beside(self, schema: Mapping[str, Any]) -> Iterator[Any]:
        """What applies to the same value."""
        yield from (self._resolve(schema[name]) for name in _REFERENCES if name in schema)
        yield from (schema[name] for name in _SAME_VALUE if name in schema)
        for name in _SAME_VALUE_LISTS:
            branches = schema.get(name)
            yield from branches if isinstance(branches, list) else ()
        dependent = schema.get("dependentSchemas")
        yield from dependent.values() if isinstance(dependent, Mapping) else ()

    @staticmethod
    def _below(schema: Mapping[str, Any]) -> Iterator[Any]:
        """What applies to one and the same value in it."""
        yield from (schema[name] for name in _CHILDREN if name in schema)
        patterns = schema.get("patternProperties")
        yield from patterns.values() if isinstance(patterns, Mapping) else ()

    def _resolve(self, reference: Any) -> Any:
        """What is not there is for the library to refuse."""
        place = str(reference).removeprefix("#")
        if place and not place.startswith("/"):
            return self._anchors.get(unquote(place), True)
        value: Any = self._document
        for step in place.split("/")[1:]:
            key = unquote(step).replace("~1", "/").replace("~0", "~")
            try:
                value = value[int(key)] if isinstance(value, list) else value[key]
            except (KeyError, IndexError, ValueError, TypeError):
                return True
        return value


def _named(schema: Mapping[str, Any]) -> Iterator[Any]:
    """What applies to one value in it or another, never to the same."""
    properties = schema.get("properties")
    yield from properties.values() if isinstance(properties, Mapping) else ()
    items = schema.get("prefixItems")
    yield from items if isinstance(items, list) else ()
