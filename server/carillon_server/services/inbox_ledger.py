"""Keeps the books of inboxes that a transaction has locked: versions, counters, and what is to be told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from carillon_server.domain.inbox import Counts, InboxState
from carillon_server.domain.notification import ChangeKind, InboxChange, StoredNotification, tombstone
from carillon_server.storage.database import Connection
from carillon_server.storage.inboxes import CounterKey, OpenInbox, add_counters, move_on
from carillon_server.storage.removals import Removal


class InboxLedger:
    """Each change takes the next version of its inbox; what it adds up to is written at the end."""

    def __init__(self, inboxes: Mapping[bytes, OpenInbox]) -> None:
        self._states = {inbox_id: inbox.state for inbox_id, inbox in inboxes.items()}
        self._touched: dict[bytes, InboxState] = {}
        self._counters: list[tuple[CounterKey, Counts]] = []
        self.now: datetime = max(inbox.now for inbox in inboxes.values())
        self.changes: list[InboxChange] = []
        self.removals: list[Removal] = []

    def create(self, stored: StoredNotification) -> StoredNotification:
        """A notification becomes visible at the next version."""
        version = self._advance(stored.inbox_id, Counts(total=1, unread=1, unseen=1), counter_key(stored))
        created = replace(stored, change_version=version, position=version)
        self._tell(stored.inbox_id, version, ChangeKind.CREATED, created)
        return created

    def pass_over(self, stored: StoredNotification) -> int:
        """A version with nothing to show."""
        version = self._advance(stored.inbox_id, Counts(), counter_key(stored))
        self._tell(stored.inbox_id, version, ChangeKind.NOTHING)
        return version

    def remove(self, stored: StoredNotification) -> None:
        """A visible notification goes; its tombstone has the next version."""
        self.replace(stored.inbox_id, stored.seq, stored.recipient_id, stored.counts, counter_key(stored))

    def replace(self, inbox_id: bytes, seq: int, recipient_id: str, counts: Counts, key: CounterKey) -> None:
        """`remove` of a notification of which only the counts are known."""
        version = self._advance(inbox_id, Counts() - counts, key)
        self.removals.append(Removal(inbox_id, seq, version))
        gone = tombstone(inbox_id, seq, version, recipient_id, self.now)
        self._tell(inbox_id, version, ChangeKind.REMOVED, gone)

    def withdraw(self, stored: StoredNotification) -> None:
        """A notification that never was visible goes."""
        self.removals.append(Removal(stored.inbox_id, stored.seq, self.pass_over(stored)))

    async def write(self, connection: Connection) -> None:
        """Writes versions and counters."""
        if self._touched:
            await move_on(connection, self._touched)
            await add_counters(connection, self._counters)

    def _advance(self, inbox_id: bytes, delta: Counts, key: CounterKey) -> int:
        state = self._states[inbox_id]
        state = replace(state, version=state.version + 1, counts=state.counts + delta)
        self._states[inbox_id] = self._touched[inbox_id] = state
        self._counters.append((key, delta))
        return state.version

    def _tell(self, inbox_id: bytes, version: int, kind: ChangeKind, *stored: StoredNotification) -> None:
        state = self._states[inbox_id]
        self.changes.append(InboxChange(inbox_id, version, state, kind, stored, self.now))


def counter_key(stored: StoredNotification) -> CounterKey:
    """Where a notification is counted."""
    return stored.inbox_id, stored.type, stored.category, int(stored.priority)
