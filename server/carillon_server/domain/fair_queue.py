"""A queue with a line for each key, served in turn: who comes often waits for itself, not others for it."""

from __future__ import annotations

from collections import OrderedDict
from typing import Generic, TypeVar

Item = TypeVar("Item")


class FairQueue(Generic[Item]):
    """Each operation takes the same time, however many wait. Items are told apart by their hash."""

    def __init__(self) -> None:
        self._lines: OrderedDict[str, OrderedDict[Item, None]] = OrderedDict()
        self._length = 0

    def __len__(self) -> int:
        return self._length

    @property
    def line_count(self) -> int:
        """How many keys have something waiting."""
        return len(self._lines)

    def length_of(self, key: str) -> int:
        """How many wait in the line of this key."""
        line = self._lines.get(key)
        return len(line) if line else 0

    def push(self, key: str, item: Item) -> None:
        """At the end of its line; a new line is served after all others."""
        line = self._lines.get(key)
        if line is None:
            line = self._lines[key] = OrderedDict()
        line[item] = None
        self._length += 1

    def first(self) -> Item:
        """The one that `pop` would take. Raises `StopIteration` when nothing waits."""
        return next(iter(next(iter(self._lines.values()))))

    def pop(self) -> tuple[str, Item]:
        """The first of the line whose turn it is. Raises `StopIteration` when nothing waits."""
        key = next(iter(self._lines))
        item, _ = self._lines[key].popitem(last=False)
        self._lines.move_to_end(key)
        self._taken(key)
        return key, item

    def remove(self, key: str, item: Item) -> None:
        """Gives up its place, if it still has one."""
        line = self._lines.get(key)
        if line is not None and item in line:
            del line[item]
            self._taken(key)

    def _taken(self, key: str) -> None:
        self._length -= 1
        if not self._lines[key]:
            del self._lines[key]
