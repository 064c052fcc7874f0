"""The streams of this process, by inbox.

A room is what the streams of one inbox share, and its position is how far the hub has told them: every change
up to there was offered to each of them. Changes of this process come straight after their commit, those of
other processes by hints; what neither brought is found by the poller, which compares the rooms' positions
with Postgres. A room exists while it has streams.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Mapping

from carillon_server import telemetry
from carillon_server.domain.errors import Reason, Refusal, Unavailable
from carillon_server.domain.inbox import InboxAddress
from carillon_server.realtime.event import LiveEvent
from carillon_server.realtime.mailbox import Mailbox
from carillon_server.storage.changes import Position

_LIMIT_RETRY_SECONDS = 5.0
_NOWHERE: Position = (0, 0)


class Room:
    """The streams of one inbox."""

    __slots__ = ("mailboxes", "position", "tenant")

    def __init__(self, tenant: str) -> None:
        self.tenant = tenant
        self.mailboxes: list[Mailbox] = []
        self.position = _NOWHERE

    def offer(self, event: LiveEvent) -> None:
        """Hands the event to every stream."""
        position = (event.epoch, event.last_version)
        if not self.was_told(position):
            self.position = position
        for mailbox in self.mailboxes:
            mailbox.offer(event)

    def was_told(self, position: Position) -> bool:
        """Whether everything up to `position` was offered."""
        epoch, version = position
        return epoch == self.position[0] and version <= self.position[1]

    def fall_behind(self) -> None:
        """Lets every stream read from Postgres."""
        for mailbox in self.mailboxes:
            mailbox.fall_behind()


class Hub:
    """Registers streams within their limits and hands events to them."""

    def __init__(self, *, max_per_inbox: int, max_per_tenant: int) -> None:
        self.rooms: dict[bytes, Room] = {}
        self.draining = False
        """Set when the process is about to stop: no new streams."""
        self.empty = asyncio.Event()
        """Set while there are no streams."""
        self.empty.set()
        self._streams_of_tenant: Counter[str] = Counter()
        self._max_per_inbox = max_per_inbox
        self._max_per_tenant = max_per_tenant
        self._stalled: list[Mailbox] = []
        self._room_listeners: list[Callable[[bytes], None]] = []

    def on_room_change(self, listener: Callable[[bytes], None]) -> None:
        """Calls `listener` with the inbox whenever its room came into being or went."""
        self._room_listeners.append(listener)

    def join(self, address: InboxAddress, mailbox: Mailbox) -> None:
        """Raises STREAM_LIMIT, and UNAVAILABLE when the process is about to stop."""
        if self.draining:
            raise Unavailable("the server is about to stop")
        inbox_id = address.inbox_id
        room = self.rooms.get(inbox_id)
        if room is not None and len(room.mailboxes) >= self._max_per_inbox:
            raise _limit(f"an inbox can have {self._max_per_inbox} streams", "user")
        if self._streams_of_tenant[address.tenant] >= self._max_per_tenant:
            raise _limit(f"a tenant can have {self._max_per_tenant} streams on one server", "tenant")
        if room is None:
            room = self.rooms[inbox_id] = Room(address.tenant)
            self._tell(inbox_id)
        room.mailboxes.append(mailbox)
        self._streams_of_tenant[address.tenant] += 1
        telemetry.streams_open.inc()
        self.empty.clear()

    def leave(self, inbox_id: bytes, mailbox: Mailbox) -> None:
        """Takes out a stream that joined."""
        room = self.rooms[inbox_id]
        room.mailboxes.remove(mailbox)
        self._streams_of_tenant[room.tenant] -= 1
        telemetry.streams_open.dec()
        if not self._streams_of_tenant[room.tenant]:
            del self._streams_of_tenant[room.tenant]
        if not room.mailboxes:
            del self.rooms[inbox_id]
            self._tell(inbox_id)
        if not self.rooms:
            self.empty.set()

    def offer(self, event: LiveEvent) -> None:
        """Hands an event to the streams of its inbox, if there are any."""
        room = self.rooms.get(event.inbox_id)
        if room is not None:
            room.offer(event)

    def arrive(self, inbox_id: bytes, mailbox: Mailbox, position: Position) -> None:
        """A stream has read a snapshot, or for the first time, up to `position`, after it joined."""
        room = self.rooms[inbox_id]
        if room.position == _NOWHERE:
            room.position = position
        elif position[0] != room.position[0]:
            self.observe(inbox_id, position)
        elif position[1] < room.position[1]:
            # What lies between may have been offered before this stream joined.
            mailbox.fall_behind()

    def observe(self, inbox_id: bytes, position: Position | None) -> None:
        """Postgres was seen at `position` (None: the inbox is gone). Streams that were not told read."""
        room = self.rooms.get(inbox_id)
        if room is None or (position is not None and room.was_told(position)):
            return
        room.position = position or _NOWHERE
        room.fall_behind()

    def positions(self, inbox_ids: Iterable[bytes]) -> dict[bytes, Position]:
        """How far the streams of these inboxes were told; without those whose streams have yet to read."""
        return {
            inbox_id: room.position
            for inbox_id in inbox_ids
            if (room := self.rooms.get(inbox_id)) and room.position != _NOWHERE
        }

    def untold(self, found: Mapping[bytes, Position | None]) -> Mapping[bytes, Position | None]:
        """Of these positions those that the streams were not told of."""
        return {
            inbox_id: position
            for inbox_id, position in found.items()
            if (room := self.rooms.get(inbox_id)) and not (position and room.was_told(position))
        }

    def start_afresh(self) -> None:
        """What was told holds no longer: every stream reads."""
        for inbox_id in list(self.rooms):
            self.forget(inbox_id)

    def forget(self, inbox_id: bytes) -> None:
        """The same for the streams of one inbox."""
        room = self.rooms.get(inbox_id)
        if room is not None:
            room.position = _NOWHERE
            room.fall_behind()

    def retry_stalled(self) -> None:
        """Postgres answers again: lets the streams read that could not."""
        stalled, self._stalled = self._stalled, []
        for mailbox in stalled:
            mailbox.resume()

    def stall(self, mailbox: Mailbox) -> None:
        """A stream could not read; it tries again when Postgres answers."""
        mailbox.stall()
        self._stalled.append(mailbox)

    def mailboxes(self) -> list[Mailbox]:
        """Those of all streams."""
        return [mailbox for room in self.rooms.values() for mailbox in room.mailboxes]

    def _tell(self, inbox_id: bytes) -> None:
        for listener in self._room_listeners:
            listener(inbox_id)


def _limit(message: str, subject: str) -> Refusal:
    return Refusal(
        Reason.STREAM_LIMIT,
        message,
        metadata={"subject": subject},
        retry_after_seconds=_LIMIT_RETRY_SECONDS,
    )
