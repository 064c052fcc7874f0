"""Reads one YAML document into nodes. Aliases, anchors, tags and repeated keys are refused.

Built from the parser's events instead of its nodes: so every problem has its own line, an alias cannot
multiply anything, and depth is bounded before anything is built.
"""

from __future__ import annotations

from collections.abc import Iterator

import yaml

from carillon_server.bundle.node import Map, Node, Scalar, Sequence
from carillon_server.bundle.place import Notes, Place

MAX_DEPTH = 40
_BLOCKS = ("|", ">")
_PARSER: type[yaml.SafeLoader | yaml.CSafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _GiveUpError(Exception):
    """What is left of the file cannot be understood."""


def read_yaml(text: str, file: str, notes: Notes, first_line: int = 1) -> Node | None:
    """The only document of `text`, whose first line is `first_line` of the file; None where it has none, or
    cannot be read at all (which is noted).
    """
    if text[:1] == "\ufeff":
        text = text[1:]
    try:
        return _Reader(text, file, notes, first_line).document()
    except yaml.YAMLError as error:
        notes.add(Place(file, _line_of(error, text) + first_line), f"this is no YAML: {_what(error)}")
    except _GiveUpError:
        pass
    return None


class _Reader:
    def __init__(self, text: str, file: str, notes: Notes, first_line: int) -> None:
        self._events: Iterator[yaml.Event] = yaml.parse(text, Loader=_PARSER)
        self._file = file
        self._notes = notes
        self._first_line = first_line

    def document(self) -> Node | None:
        node = None
        count = 0
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                count += 1
                if count > 1:
                    self._give_up(event, "holds a second document: one to a file")
                node = self._node(next(self._events), 0)
        return node

    def _node(self, event: yaml.Event, depth: int) -> Node:
        if depth > MAX_DEPTH:
            self._give_up(event, f"is nested deeper than {MAX_DEPTH} levels")
        if isinstance(event, yaml.AliasEvent):
            self._problem(event, "aliases (*) are not taken: write the value out")
            return Scalar(self._place(event), "", plain=False)
        if isinstance(event, yaml.NodeEvent) and event.anchor:
            self._problem(event, "anchors (&) are not taken: write the value out where it is used")
        if getattr(event, "tag", None):
            self._problem(event, "tags (!) are not taken")
        if isinstance(event, yaml.MappingStartEvent):
            return self._map(event, depth)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._sequence(event, depth)
        return self._scalar(event)

    def _scalar(self, event: yaml.Event) -> Scalar:
        assert isinstance(event, yaml.ScalarEvent)  # noqa: S101 - what is left of the grammar
        place = self._place(event, block=event.style in _BLOCKS)
        # An empty style is how the compiled parser calls plain; it calls quoted ones by their quote.
        return Scalar(place, event.value, plain=not event.style)

    def _sequence(self, start: yaml.Event, depth: int) -> Sequence:
        items = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            items.append(self._node(event, depth + 1))
        return Sequence(self._place(start), tuple(items))

    def _map(self, start: yaml.Event, depth: int) -> Map:
        entries: dict[str, Node] = {}
        places: dict[str, Place] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            key = self._key(self._node(event, depth + 1))
            value = self._node(next(self._events), depth + 1)
            if key is None:
                continue
            if key in entries:
                self._problem(event, f"{key!r} is given twice, first on line {places[key].line}")
                continue
            entries[key] = value
            places[key] = self._place(event)
        return Map(self._place(start), entries, places)

    def _key(self, node: Node) -> str | None:
        try:
            if isinstance(node, Scalar) and isinstance(node.value(), str):
                return node.text
        except ValueError:
            pass
        self._notes.add(node.place, "keys are texts: put this one in quotes")
        return None

    def _place(self, event: yaml.Event, *, block: bool = False) -> Place:
        mark = event.start_mark
        line = self._first_line + (mark.line if mark is not None else 0)
        return Place(self._file, line, line + 1 if block else line)

    def _problem(self, event: yaml.Event, message: str) -> None:
        self._notes.add(self._place(event), message)

    def _give_up(self, event: yaml.Event, message: str) -> None:
        self._problem(event, message)
        raise _GiveUpError


def _line_of(error: yaml.YAMLError, text: str) -> int:
    """Counted from 0."""
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        return int(error.problem_mark.line)
    position = getattr(error, "position", 0)
    return text.count("\n", 0, position)


def _what(error: yaml.YAMLError) -> str:
    if isinstance(error, yaml.MarkedYAMLError):
        return error.problem or error.context or "the parser does not say why"
    return str(getattr(error, "reason", error)).partition("\n")[0]
