"""One committed change on its way to the screens: encoded once, the same bytes for every device."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from carillon_server.domain.cursor import Cursor, CursorSealer
from carillon_server.domain.inbox import Counts
from carillon_server.domain.live_inbox import ResetCause
from carillon_server.domain.notification import ChangeKind, InboxChange, StoredNotification
from carillon_server.storage.installation import Installation

MAX_EVENT_BYTES = 64 * 1024
"""Larger events are not handed from hand to hand: readers fetch what changed in pieces."""


class EventEncoder(Protocol):
    """Writes the messages of a stream as they go over the wire; each carries its cursor."""

    def snapshot(self, cursor: str, notifications: Sequence[StoredNotification], counts: Counts) -> bytes: ...

    def change(
        self, cursor: str, kind: ChangeKind, notifications: Sequence[StoredNotification], counts: Counts
    ) -> bytes: ...

    def counts(self, cursor: str, counts: Counts) -> bytes: ...

    def heartbeat(self, cursor: str) -> bytes: ...

    def reset(self, cursor: str, cause: ResetCause) -> bytes: ...

    def draining(self, cursor: str, reconnect_delay_seconds: float) -> bytes: ...


@dataclass(frozen=True, slots=True, eq=False)
class LiveEvent:
    """A change as streams get it: versions `first_version` … `last_version` of one epoch of one inbox."""

    inbox_id: bytes
    epoch: int
    first_version: int
    last_version: int
    commit_time: datetime | None
    message: bytes | None
    """Empty: nothing to show, only versions that were taken. None: too large to carry, to be fetched."""


class EventFactory:
    """Turns changes into events."""

    def __init__(self, encoder: EventEncoder, sealer: CursorSealer, installation: Installation) -> None:
        self._encoder = encoder
        self._sealer = sealer
        self._installation = installation

    def build(self, change: InboxChange) -> LiveEvent:
        """Seals the cursor and encodes the message."""
        return LiveEvent(
            change.inbox_id,
            change.state.epoch,
            change.first_version,
            change.state.version,
            change.commit_time,
            self._message(change),
        )

    def _message(self, change: InboxChange) -> bytes | None:
        if change.kind is ChangeKind.NOTHING:
            return b""
        if not change.complete or not _fits(change.notifications):
            return None
        state = change.state
        cursor = self._sealer.seal(
            Cursor(change.inbox_id, self._installation.epoch, state.epoch, state.version)
        )
        message = self._encoder.change(cursor, change.kind, change.notifications, state.counts)
        return message if len(message) <= MAX_EVENT_BYTES else None


def _fits(notifications: Sequence[StoredNotification]) -> bool:
    return sum(len(notification.payload) for notification in notifications) <= MAX_EVENT_BYTES
