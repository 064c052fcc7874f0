"""Idle connections over HTTP/1.1, found by where they lead."""

from __future__ import annotations

import time
from collections import OrderedDict
from typing import TypeAlias

from httpcore2 import AsyncHTTP11Connection

Place: TypeAlias = tuple[bytes, bytes, int]
"""Scheme, host, port."""


class KeptConnections:
    """Hands out the one that was used last: it is the most likely to live. Who takes one out owns it."""

    def __init__(self, idle_seconds: float) -> None:
        """`idle_seconds`: how long one is of use."""
        self._idle_seconds = idle_seconds
        self._by_place: dict[Place, OrderedDict[AsyncHTTP11Connection, None]] = {}
        self._all: OrderedDict[AsyncHTTP11Connection, tuple[Place, float]] = OrderedDict()
        """When each becomes too old; the oldest first."""

    def __len__(self) -> int:
        return len(self._all)

    def put(self, place: Place, connection: AsyncHTTP11Connection) -> None:
        self._all[connection] = place, time.monotonic() + self._idle_seconds
        self._by_place.setdefault(place, OrderedDict())[connection] = None

    def take(self, place: Place) -> AsyncHTTP11Connection | None:
        """The last one put; it may have been closed meanwhile."""
        found = self._by_place.get(place)
        return self._take_out(next(reversed(found))) if found else None

    def take_oldest(self) -> AsyncHTTP11Connection | None:
        return self._take_out(next(iter(self._all))) if self._all else None

    def take_old(self) -> list[AsyncHTTP11Connection]:
        """Those that are of no use any more."""
        now, old = time.monotonic(), []
        while self._all and next(iter(self._all.values()))[1] <= now:
            old.append(self._take_out(next(iter(self._all))))
        return old

    def _take_out(self, connection: AsyncHTTP11Connection) -> AsyncHTTP11Connection:
        place, _ = self._all.pop(connection)
        found = self._by_place[place]
        del found[connection]
        if not found:
            del self._by_place[place]
        return connection
