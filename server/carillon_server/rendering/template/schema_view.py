"""A JSON Schema seen as a template sees data: which members are there, what lists hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import unquote

_BRANCHES = ("allOf", "anyOf", "oneOf")
_CONDITIONS = ("then", "else")
_MEMBERS = ("properties", "patternProperties", "additionalProperties")


class View:
    """What the schema says of one value; of several schemas, what any of them says."""

    def __init__(self, schemas: Sequence[Any], document: Mapping[str, Any], *, is_root: bool = False) -> None:
        self._document = document
        self._is_root = is_root
        self._schemas = list(self._flatten(schemas))
        certain = schemas if len(schemas) == 1 else ()
        self._certain = [node for node in self._flatten(certain, certain=True) if isinstance(node, Mapping)]

    @property
    def is_open(self) -> bool:
        """Anything may be in it."""
        return any(schema is True for schema in self._schemas)

    def member(self, name: str) -> View | None:
        """None: the schema has no such member."""
        objects = self._of_type("object")
        found = [node["properties"][name] for node in objects if name in node.get("properties", {})]
        if not found:
            found = [schema for node in objects for schema in node.get("patternProperties", {}).values()]
            found += [node["additionalProperties"] for node in objects if node.get("additionalProperties")]
        if found:
            return View(found, self._document)
        free_form = (
            not self._is_root
            and any(node.keys().isdisjoint(_MEMBERS) for node in objects)
            and not any("properties" in node for node in objects)
        )
        return self._anything() if self.is_open or free_form else None

    def required(self) -> frozenset[str]:
        """Members that are always there."""
        return frozenset(name for node in self._certain for name in node.get("required", ()))

    def items(self) -> View | None:
        """What a loop over it finds; None: it is no list. Of an object it is the names of its members."""
        arrays = self._of_type("array")
        found = [node["items"] for node in arrays if node.get("items")]
        found += [schema for node in arrays for schema in node.get("prefixItems", ())]
        if found:
            return View(found, self._document)
        return self._anything() if self.is_open or arrays or self._of_type("object") else None

    def _anything(self) -> View:
        return View([True], self._document)

    def _of_type(self, name: str) -> list[Mapping[str, Any]]:
        return [node for node in self._schemas if isinstance(node, Mapping) and name in _types(node, name)]

    def _flatten(self, schemas: Sequence[Any], *, certain: bool = False) -> Iterator[Any]:
        """The schemas with those that may apply to the same value, or that certainly do."""
        waiting, seen = list(schemas), set[int]()
        while waiting:
            schema = waiting.pop(0)
            if id(schema) in seen and isinstance(schema, Mapping):
                continue
            seen.add(id(schema))
            if schema is True or schema == {}:
                yield True
            if isinstance(schema, Mapping) and schema:
                yield schema
                waiting.extend(self._beside(schema, certain=certain))

    def _beside(self, schema: Mapping[str, Any], *, certain: bool) -> Iterator[Any]:
        for keyword in ("$ref", "$dynamicRef"):
            if keyword in schema:
                yield self._resolve(str(schema[keyword]))
        for keyword in ("allOf",) if certain else _BRANCHES:
            yield from (branch for branch in schema.get(keyword, ()) if branch)
        if not certain:
            yield from (schema[keyword] for keyword in _CONDITIONS if schema.get(keyword))

    def _resolve(self, reference: str) -> Any:
        """A place in the document; where there is none, nothing is known."""
        value: Any = self._document
        for step in reference.removeprefix("#").split("/")[1:]:
            key = unquote(step).replace("~1", "/").replace("~0", "~")
            try:
                value = value[int(key)] if isinstance(value, list) else value[key]
            except (KeyError, IndexError, ValueError, TypeError):
                return False
        return value


def _types(node: Mapping[str, Any], asked: str) -> Sequence[str]:
    """The types that a schema allows; one that says nothing allows what it describes."""
    types = node.get("type")
    if isinstance(types, str):
        return [types]
    if isinstance(types, list):
        return types
    if "enum" in node or "const" in node or "$ref" in node or any(word in node for word in _BRANCHES):
        describes = {"object": _MEMBERS, "array": ("items", "prefixItems")}[asked]
        return [asked] if any(word in node for word in describes) else []
    return [asked]


def view_of(schema: Mapping[str, Any]) -> View:
    """The whole of `data`. An empty schema declares nothing."""
    return View([schema or {"type": "object", "properties": {}}], schema, is_root=True)


ANYTHING = View([True], {})
NOTHING = View([{"type": "null"}], {})
