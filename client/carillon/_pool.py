"""The connections of a client: one for most, more when many streams are open, a new one when the old is on
its way out.

A server takes a limited number of calls at once on one connection and lets the rest wait without a word, so
a channel carries at most `streams_per_connection`. A channel whose server drains, or has gone silent, is
retired: no call starts on it any more, and it is closed when its last call has ended.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

ChannelT = TypeVar("ChannelT")


@dataclass(slots=True, eq=False)
class Lease(Generic[ChannelT]):
    """A channel together with the number of calls on it."""

    channel: ChannelT
    calls: int = 0
    retired: bool = False


class ChannelPool(Generic[ChannelT]):
    """Opens channels as they are needed. Safe to use from several threads."""

    def __init__(self, open_channel: Callable[[], ChannelT], streams_per_connection: int) -> None:
        self._open_channel = open_channel
        self._streams_per_connection = streams_per_connection
        self._lock = threading.Lock()
        self._leases: list[Lease[ChannelT]] = []
        self._closed = False

    def acquire(self) -> Lease[ChannelT]:
        """A channel with room for one more call."""
        with self._lock:
            if self._closed:
                raise RuntimeError("the client is closed")
            lease = self._with_room()
            lease.calls += 1
            return lease

    def release(self, lease: Lease[ChannelT]) -> ChannelT | None:
        """Ends one call. Returns the channel if it is to be closed now."""
        with self._lock:
            lease.calls -= 1
            return self._drop_if_idle(lease)

    def retire(self, lease: Lease[ChannelT]) -> None:
        """Lets no further call start on this channel."""
        with self._lock:
            lease.retired = True

    def close(self) -> list[ChannelT]:
        """Lets no further call start at all. Returns the channels to be closed."""
        with self._lock:
            self._closed = True
            channels = [lease.channel for lease in self._leases]
            self._leases.clear()
            return channels

    def _with_room(self) -> Lease[ChannelT]:
        for lease in self._leases:
            if not lease.retired and lease.calls < self._streams_per_connection:
                return lease
        lease = Lease(self._open_channel())
        self._leases.append(lease)
        return lease

    def _drop_if_idle(self, lease: Lease[ChannelT]) -> ChannelT | None:
        if not lease.retired or lease.calls or lease not in self._leases:
            return None
        self._leases.remove(lease)
        return lease.channel
