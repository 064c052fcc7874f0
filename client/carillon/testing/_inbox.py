"""One inbox of the fake: a log of versions, as in the service.

Every change of a notification takes the next version. A reader that has seen version n is told of all
notifications with a later one, in order, each in its latest state; removed ones stay as tombstones for that.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from datetime import datetime

from carillon.testing._entry import Entry, Stage, now_utc, sum_counts, to_datetime
from carillon.v1 import types_pb2 as pb


class Inbox:
    """The notifications of one recipient. Times are looked at on every access: there is no clock of its
    own."""

    def __init__(self, recipient_id: str, ring: Callable[[], None]) -> None:
        self.recipient_id = recipient_id
        self.epoch = secrets.randbits(48)
        self.version = 0
        self.floor_version = 0
        """The oldest version from which every later change can still be told."""
        self.entries: dict[str, Entry] = {}
        self._ring = ring

    @property
    def counts(self) -> pb.Counts:
        return sum_counts(list(self.entries.values()))

    def add(self, entry: Entry) -> None:
        """Takes in a new notification; a visible one replaces older unread ones with its collapse key."""
        if entry.visible:
            self._collapse(entry.notification.collapse_key)
        self.entries[entry.notification.id] = entry
        self.touch(entry)
        if entry.visible:
            entry.position = entry.version

    def touch(self, entry: Entry) -> None:
        """Records that an entry changed, and tells the live streams."""
        self.version += 1
        entry.version = self.version
        self._ring()

    def remove(self, entry: Entry) -> None:
        """Leaves a tombstone."""
        entry.stage = Stage.REMOVED
        self.touch(entry)

    def find(self, id: str) -> Entry | None:
        """One that can be seen."""
        entry = self.entries.get(id)
        return entry if entry is not None and entry.visible else None

    def newest_first(self, filter: pb.Filter, before: int | None = None) -> list[Entry]:
        """Those that match, from a position downwards."""
        matching = [entry for entry in self.entries.values() if entry.matches(filter)]
        matching.sort(key=lambda entry: entry.position, reverse=True)
        return [entry for entry in matching if before is None or entry.position < before]

    def changed_after(self, version: int) -> list[Entry]:
        """What a reader at this version has not seen, in order."""
        changed = [entry for entry in self.entries.values() if entry.version > version]
        return sorted(changed, key=lambda entry: entry.version)

    def settle(self) -> None:
        """Lets appear what is due, and takes away what has expired."""
        now = now_utc()
        for entry in sorted(self.entries.values(), key=lambda entry: entry.version):
            notification = entry.notification
            if entry.stage is Stage.SCHEDULED and to_datetime(notification.deliver_time) <= now:
                self._appear(entry)
            if entry.visible and _expired(notification, now):
                self.remove(entry)

    def next_time(self) -> datetime | None:
        """When something happens by itself."""
        scheduled = [e.notification.deliver_time for e in self.entries.values() if e.stage is Stage.SCHEDULED]
        expiring = [
            entry.notification.expire_time
            for entry in self.entries.values()
            if entry.visible and entry.notification.HasField("expire_time")
        ]
        return min(map(to_datetime, scheduled + expiring), default=None)

    def forget_history(self) -> None:
        """Makes every cursor taken before the next change too old to resume from."""
        self.version += 1
        self.floor_version = self.version
        self.entries = {id: entry for id, entry in self.entries.items() if entry.stage is not Stage.REMOVED}
        self._ring()

    def _appear(self, entry: Entry) -> None:
        shown = any(decision.channel == pb.CHANNEL_IN_APP for decision in going_out(entry.decisions))
        if shown:
            self._collapse(entry.notification.collapse_key)
        entry.stage = Stage.VISIBLE if shown else Stage.HIDDEN
        self.touch(entry)
        entry.position = entry.version if shown else 0

    def _collapse(self, collapse_key: str) -> None:
        for entry in list(self.entries.values()):
            same = bool(collapse_key) and entry.notification.collapse_key == collapse_key
            if same and entry.visible and entry.unread:
                self.remove(entry)


def going_out(decisions: Sequence[pb.Decision]) -> list[pb.Decision]:
    """Those that let a notification out, now or later."""
    return [d for d in decisions if d.verdict in (pb.VERDICT_SEND, pb.VERDICT_DEFER)]


def _expired(notification: pb.Notification, now: datetime) -> bool:
    return notification.HasField("expire_time") and to_datetime(notification.expire_time) <= now
