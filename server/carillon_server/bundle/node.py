"""What a YAML file holds, with the line of everything: maps, lists and scalars, nothing else."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TypeAlias

from carillon_server.bundle.place import Place

MAX_EXACT_INTEGER = 2**53
"""JSON readers hold every number as a double."""

_INTEGER = re.compile(r"[-+]?[0-9]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_OTHER_NUMBER = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_WORDS: dict[str, bool | None] = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
}


@dataclass(frozen=True, slots=True)
class Scalar:
    """A text; a plain one may be a number, true, false or null, as in YAML 1.2 (`no` and `on` are texts)."""

    place: Place
    text: str
    plain: bool

    def value(self) -> str | int | float | bool | None:
        """Raises ValueError for numbers that JSON cannot hold."""
        if not self.plain:
            return self.text
        if self.text in _WORDS:
            return _WORDS[self.text]
        if _OTHER_NUMBER.fullmatch(self.text):
            raise ValueError("is a number that JSON does not have: write it in decimal digits, or in quotes")
        if _INTEGER.fullmatch(self.text):
            return _integer(self.text)
        return _float(self.text) if _FLOAT.fullmatch(self.text) else self.text


@dataclass(frozen=True, slots=True)
class Sequence:
    """A list."""

    place: Place
    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Map:
    """Keys, each once, with their values."""

    place: Place
    entries: dict[str, Node]
    key_places: dict[str, Place]


Node: TypeAlias = Scalar | Sequence | Map


def _integer(text: str) -> int:
    if len(text) > len(str(MAX_EXACT_INTEGER)) + 1 or abs(int(text)) > MAX_EXACT_INTEGER:
        raise ValueError("is an integer beyond 2**53, which would lose digits: write it in quotes")
    return int(text)


def _float(text: str) -> float:
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise ValueError("is a number too large for JSON")
    return value
