"""Keeps the books of inboxes that a transaction has locked: versions, counters, and what is to be told."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from carillon_server.domain.inbox import Counts, InboxState
from carillon_server.domain.notification import ChangeKind, InboxChange, StoredNotification, tombstone
from carillon_server.storage.database import Connection
from carillon_server.storage.inboxes import CounterKey, OpenInbox, add_counters, move_on
from carillon_server.storage.removals import Removal, bury

_NEW = Counts(total=1, unread=1, unseen=1)


class InboxLedger:
    """Each change takes the next version of its inbox; what it adds up to is written at the end."""

    def __init__(self, inboxes: Mapping[bytes, OpenInbox]) -> None:
        self._inboxes = inboxes
        self._states = {inbox_id: inbox.state for inbox_id, inbox in inboxes.items()}
        self.touched: dict[bytes, InboxState] = {}
        self.counters: list[tuple[CounterKey, Counts]] = []
        self.now: datetime = max(inbox.now for inbox in inboxes.values())
        self.changes: list[InboxChange] = []
        self.removals: list[Removal] = []

    def next_version(self, inbox_id: bytes) -> int:
        """The version that the next change takes."""
        return self._states[inbox_id].version + 1

    def create(self, stored: StoredNotification) -> None:
        """A notification becomes visible; it carries the next version."""
        self.counters.append((counter_key(stored), _NEW))
        self._advance(stored.inbox_id, _NEW)
        self._tell(stored.inbox_id, ChangeKind.CREATED, stored)

    def change(self, before: StoredNotification, after: StoredNotification) -> None:
        """A visible notification changes; `after` carries the next version."""
        delta = after.counts - before.counts
        self.counters.append((counter_key(after), delta))
        self._advance(after.inbox_id, delta)
        self._tell(after.inbox_id, ChangeKind.CHANGED, after)

    def pass_over(self, inbox_id: bytes) -> int:
        """A version with nothing to show."""
        self._advance(inbox_id, Counts())
        self._tell(inbox_id, ChangeKind.NOTHING)
        return self._states[inbox_id].version

    def remove(self, inbox_id: bytes, seq: int, counts: Counts, key: CounterKey) -> None:
        """A visible notification goes; its tombstone has the next version."""
        self.counters.append((key, Counts() - counts))
        self._advance(inbox_id, Counts() - counts)
        version = self._states[inbox_id].version
        self.removals.append(Removal(inbox_id, seq, version))
        recipient_id = self._inboxes[inbox_id].recipient_id
        self._tell(inbox_id, ChangeKind.REMOVED, tombstone(inbox_id, seq, version, recipient_id, self.now))

    def withdraw(self, inbox_id: bytes, seq: int) -> None:
        """A notification that never was visible goes."""
        self.removals.append(Removal(inbox_id, seq, self.pass_over(inbox_id)))

    async def write(self, connection: Connection, reason: str) -> None:
        """Writes versions, counters and removals; `reason` is that of the removals."""
        if self.removals:
            await bury(connection, self.removals, reason)
        if self.touched:
            await move_on(connection, self.touched)
            await add_counters(connection, self.counters)

    def _advance(self, inbox_id: bytes, delta: Counts) -> None:
        before = self._states[inbox_id]
        after = InboxState(before.epoch, before.version + 1, before.floor_version, before.counts + delta)
        self._states[inbox_id] = self.touched[inbox_id] = after

    def _tell(self, inbox_id: bytes, kind: ChangeKind, *stored: StoredNotification) -> None:
        state = self._states[inbox_id]
        self.changes.append(InboxChange(inbox_id, state.version, state, kind, stored, self.now))


def counter_key(stored: StoredNotification) -> CounterKey:
    """Where a notification is counted."""
    return stored.inbox_id, stored.type, stored.category, int(stored.priority)
