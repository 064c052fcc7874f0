"""What may stand at a place of a file: the one description that reading and JSON Schemas are made of.

A shape reads a node into a value of the bundle, noting all that is wrong; None where there is no value.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

from carillon_server.bundle import node as nodes
from carillon_server.bundle.place import Notes

JsonSchema: TypeAlias = dict[str, Any]


class Shape(Protocol):
    """One kind of value."""

    def read(self, node: nodes.Node, path: str, notes: Notes) -> Any:
        """The value, as the bundle has it at `path`."""
        ...

    def schema(self) -> JsonSchema:
        """What editors check and complete by."""
        ...


@dataclass(frozen=True, slots=True)
class Text:
    """A text; never empty."""

    meaning: str
    max_characters: int = 10_000
    pattern: str = ""
    is_called: str = ""
    """What the pattern stands for, where it is to be said."""

    def read(self, node: nodes.Node, path: str, notes: Notes) -> str | None:
        text = scalar_text(node, notes)
        if text is None:
            return None
        notes.places[path] = node.place
        problem = self._problem(text)
        if problem:
            notes.add(node.place, problem)
        return text

    def _problem(self, text: str) -> str:
        if not text:
            return "is empty: leave it out, or give it a text"
        if len(text) > self.max_characters:
            return f"is longer than {self.max_characters:,} characters"
        if self.pattern and re.fullmatch(self.pattern, text) is None:
            return f"{text[:100]!r} is not {self.is_called}"
        return ""

    def schema(self) -> JsonSchema:
        pattern = {"pattern": f"^({self.pattern})$"} if self.pattern else {}
        return {
            "type": "string",
            "description": self.meaning,
            "minLength": 1,
            "maxLength": self.max_characters,
            **pattern,
        }


@dataclass(frozen=True, slots=True)
class Choice:
    """One of a few words; in the bundle it is the name of an enum's value."""

    meaning: str
    words: tuple[str, ...]

    def read(self, node: nodes.Node, path: str, notes: Notes) -> str | None:
        text = scalar_text(node, notes)
        if text is None:
            return None
        notes.places[path] = node.place
        if text not in self.words:
            notes.add(node.place, f"{text[:100]!r} is none of {', '.join(self.words)}")
            return None
        return text.upper()

    def schema(self) -> JsonSchema:
        return {"description": self.meaning, "enum": list(self.words)}


@dataclass(frozen=True, slots=True)
class Flag:
    """True or false."""

    meaning: str

    def read(self, node: nodes.Node, path: str, notes: Notes) -> bool | None:
        notes.places[path] = node.place
        value = plain_value(node, notes) if isinstance(node, nodes.Scalar) else None
        if not isinstance(value, bool):
            notes.add(node.place, "must be true or false")
            return None
        return value

    def schema(self) -> JsonSchema:
        return {"type": "boolean", "description": self.meaning}


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole number."""

    meaning: str
    least: int
    most: int

    def read(self, node: nodes.Node, path: str, notes: Notes) -> int | None:
        notes.places[path] = node.place
        value = plain_value(node, notes) if isinstance(node, nodes.Scalar) else None
        if not isinstance(value, int) or isinstance(value, bool) or not self.least <= value <= self.most:
            notes.add(node.place, f"must be a whole number from {self.least:,} to {self.most:,}")
            return None
        return value

    def schema(self) -> JsonSchema:
        return {
            "type": "integer",
            "description": self.meaning,
            "minimum": self.least,
            "maximum": self.most,
        }


@dataclass(frozen=True, slots=True)
class Converted:
    """A shape whose value is made into another; the conversion raises ValueError for what it cannot take."""

    shape: Shape
    convert: Callable[[Any], Any]

    def read(self, node: nodes.Node, path: str, notes: Notes) -> Any:
        value = self.shape.read(node, path, notes)
        if value is None:
            return None
        try:
            return self.convert(value)
        except ValueError as error:
            notes.add(node.place, str(error))
            return None

    def schema(self) -> JsonSchema:
        return self.shape.schema()


def plain_value(node: nodes.Scalar, notes: Notes) -> str | int | float | bool | None:
    """The scalar's value; None also for numbers that JSON cannot hold, which is noted."""
    try:
        return node.value()
    except ValueError as error:
        notes.add(node.place, str(error))
        return None


def scalar_text(node: nodes.Node, notes: Notes) -> str | None:
    """The text; noted where it is none."""
    if not isinstance(node, nodes.Scalar):
        notes.add(node.place, f"must be a text, not {kind_of(node)}")
        return None
    try:
        is_text = isinstance(node.value(), str)
    except ValueError:
        is_text = False
    if not is_text:
        what = repr(node.text[:100]) if node.text else "nothing"
        notes.add(node.place, f"must be a text, and {what} is none: put it in quotes")
        return None
    return node.text


def kind_of(node: nodes.Node) -> str:
    """What people call it."""
    if isinstance(node, nodes.Map):
        return "a map"
    return "a list" if isinstance(node, nodes.Sequence) else "a single value"


def listed(names: Sequence[str]) -> str:
    """`a, b and c`."""
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))
