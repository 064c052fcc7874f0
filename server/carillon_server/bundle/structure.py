"""Shapes that hold others: records, lists, maps, and JSON as it comes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from carillon_server.bundle import node as nodes
from carillon_server.bundle.place import Notes
from carillon_server.bundle.shape import JsonSchema, Shape, kind_of, listed, plain_value


@dataclass(frozen=True, slots=True)
class Record:
    """A map with known keys."""

    meaning: str
    fields: Mapping[str, Shape]
    required: tuple[str, ...] = ()
    exclusive: tuple[str, ...] = ()
    """At most one of these."""
    any_of: tuple[str, ...] = ()
    """At least one of these."""

    def read(self, node: nodes.Node, path: str, notes: Notes) -> dict[str, Any] | None:
        if not isinstance(node, nodes.Map):
            notes.add(node.place, f"must be a map, not {kind_of(node)}")
            return None
        notes.places[path] = node.place
        value = {}
        for key, item in node.entries.items():
            shape = self.fields.get(key)
            if shape is None:
                notes.add(node.key_places[key], self._unknown(key))
                continue
            read = shape.read(item, join(path, key), notes)
            if read is not None:
                value[key] = read
        self._check_presence(node, notes)
        return value

    def _unknown(self, key: str) -> str:
        near = get_close_matches(key, self.fields, n=1)
        return f"{key[:100]!r} is not known here: " + (
            f"{near[0]} is" if near else f"there are {listed(list(self.fields))}"
        )

    def _check_presence(self, node: nodes.Map, notes: Notes) -> None:
        for key in self.required:
            if key not in node.entries:
                notes.add(node.place, f"{key} is missing")
        exclusive = [key for key in self.exclusive if key in node.entries]
        if len(exclusive) > 1:
            notes.add(node.key_places[exclusive[1]], f"only one of {listed(exclusive)} can be given")
        if self.any_of and not any(key in node.entries for key in self.any_of):
            notes.add(node.place, f"at least one of {listed(self.any_of)} is needed")

    def schema(self) -> JsonSchema:
        schema: JsonSchema = {
            "type": "object",
            "description": self.meaning,
            "properties": {key: shape.schema() for key, shape in self.fields.items()},
            "additionalProperties": False,
        }
        if self.required:
            schema["required"] = list(self.required)
        if self.exclusive:
            schema["oneOf"] = [
                {"not": {"anyOf": [{"required": [key]} for key in self.exclusive]}},
                *({"required": [key]} for key in self.exclusive),
            ]
        if self.any_of:
            schema["anyOf"] = [{"required": [key]} for key in self.any_of]
        return schema


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list."""

    meaning: str
    item: Shape
    least: int
    most: int
    distinct: bool = False
    into: list[Any] | None = None
    """The list of the bundle that the items go to, where several files fill one."""

    def read(self, node: nodes.Node, path: str, notes: Notes) -> list[Any] | None:
        if not isinstance(node, nodes.Sequence):
            notes.add(node.place, f"must be a list, not {kind_of(node)}")
            return None
        notes.places[path] = node.place
        if not self.least <= len(node.items) <= self.most:
            notes.add(node.place, f"must have {self.least:,} to {self.most:,} items, not {len(node.items):,}")
        values: list[Any] = [] if self.into is None else self.into
        for item in node.items[: self.most]:
            value = self.item.read(item, f"{path}[{len(values)}]", notes)
            if self.distinct and value is not None and value in values:
                notes.add(item.place, "is there twice")
            if value is not None:
                values.append(value)
        return values

    def schema(self) -> JsonSchema:
        distinct = {"uniqueItems": True} if self.distinct else {}
        return {
            "type": "array",
            "description": self.meaning,
            "items": self.item.schema(),
            "minItems": self.least,
            "maxItems": self.most,
            **distinct,
        }


@dataclass(frozen=True, slots=True)
class MapOf:
    """A map with keys of one's own."""

    meaning: str
    key_pattern: str
    item: Shape
    most: int

    def read(self, node: nodes.Node, path: str, notes: Notes) -> dict[str, Any] | None:
        if not isinstance(node, nodes.Map):
            notes.add(node.place, f"must be a map, not {kind_of(node)}")
            return None
        notes.places[path] = node.place
        if len(node.entries) > self.most:
            notes.add(node.place, f"must have at most {self.most:,} entries, not {len(node.entries):,}")
        value = {}
        for key, item in list(node.entries.items())[: self.most]:
            if re.fullmatch(self.key_pattern, key) is None:
                notes.add(node.key_places[key], f"{key[:100]!r} is no key that can be used here")
                continue
            read = self.item.read(item, join(path, key), notes)
            if read is not None:
                value[key] = read
        return value

    def schema(self) -> JsonSchema:
        return {
            "type": "object",
            "description": self.meaning,
            "propertyNames": {"pattern": f"^({self.key_pattern})$"},
            "additionalProperties": self.item.schema(),
            "maxProperties": self.most,
        }


@dataclass(frozen=True, slots=True)
class JsonObject:
    """Any JSON object."""

    meaning: str
    more: JsonSchema = field(default_factory=dict)

    def read(self, node: nodes.Node, path: str, notes: Notes) -> dict[str, Any] | None:
        if not isinstance(node, nodes.Map):
            notes.add(node.place, f"must be a map, not {kind_of(node)}")
            return None
        value: dict[str, Any] = json_value(node, path, notes)
        return value

    def schema(self) -> JsonSchema:
        return {"type": "object", "description": self.meaning, **self.more}


def json_value(node: nodes.Node, path: str, notes: Notes) -> Any:
    """The node as JSON has it."""
    notes.places[path] = node.place
    if isinstance(node, nodes.Map):
        for key, place in node.key_places.items():
            notes.places.setdefault(join(path, key), place)
        return {key: json_value(item, join(path, key), notes) for key, item in node.entries.items()}
    if isinstance(node, nodes.Sequence):
        return [json_value(item, f"{path}[{index}]", notes) for index, item in enumerate(node.items)]
    return plain_value(node, notes)


def join(path: str, key: str) -> str:
    """The path of a member."""
    return f"{path}.{key}" if path else key
