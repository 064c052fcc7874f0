"""Which notifications of an inbox: for pages, for marks, for streams."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from carillon_server.domain.ids import NotificationId
from carillon_server.domain.inbox import Counts, InboxState
from carillon_server.domain.notification import ShownNotification, StoredNotification


@dataclass(frozen=True, slots=True)
class InboxFilter:
    """Empty fields do not restrict; several must all match."""

    unread: bool | None = None
    archived: bool | None = None
    """None: those in the inbox."""
    types: tuple[str, ...] = ()
    category: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    """All of them."""
    thread_key: str = ""
    start_time: datetime | None = None
    """Delivered at or after it."""
    end_time: datetime | None = None
    """Delivered before it."""

    def matches(self, notification: StoredNotification) -> bool:
        """Whether a live stream with this filter shows the notification; whether it is archived or read
        does not matter.
        """
        return (
            (not self.types or notification.type in self.types)
            and (not self.category or notification.category == self.category)
            and (not self.thread_key or notification.thread_key == self.thread_key)
            and self.labels.items() <= notification.labels.items()
        )

    @property
    def selects_everything(self) -> bool:
        """Whether a live stream needs no filtering."""
        return not (self.types or self.category or self.thread_key or self.labels)


class Mark(StrEnum):
    """What can be done to notifications in an inbox; all of it is idempotent."""

    READ = "read"
    UNREAD = "unread"
    SEEN = "seen"
    ARCHIVE = "archive"
    UNARCHIVE = "unarchive"
    PIN = "pin"
    UNPIN = "unpin"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class Selection:
    """What a mark is applied to: ids, or everything that matches."""

    ids: tuple[NotificationId, ...] | None = None
    filter: InboxFilter = InboxFilter()
    until_version: int | None = None
    """Only what was visible at this version of the inbox."""


@dataclass(frozen=True, slots=True)
class InboxPage:
    """A page of an inbox, newest first, and the inbox at the same instant."""

    state: InboxState
    notifications: Sequence[ShownNotification]
    next_position: int | None
    """Where the next page begins; None: this was the last."""


@dataclass(frozen=True, slots=True)
class MarkOutcome:
    """What a mark did."""

    changed: int
    state: InboxState


@dataclass(frozen=True, slots=True)
class InboxCounts:
    """Counters of an inbox and of its parts, at one instant."""

    state: InboxState
    by_type: Mapping[str, Counts]
    by_category: Mapping[str, Counts]
    by_priority: Mapping[int, Counts]
