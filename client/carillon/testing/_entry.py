"""One notification as the fake keeps it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum, auto

from google.protobuf.timestamp_pb2 import Timestamp

from carillon.v1 import types_pb2 as pb


class Stage(Enum):
    """Where a notification stands in its inbox."""

    SCHEDULED = auto()
    VISIBLE = auto()
    HIDDEN = auto()
    REMOVED = auto()


@dataclass(slots=True)
class Entry:
    """A notification, and what readers are not shown."""

    notification: pb.Notification
    sender: str
    request_id: str
    decisions: Sequence[pb.Decision]
    stage: Stage
    version: int = 0
    """Version of the inbox at the last change."""
    position: int = 0
    """Version of the inbox at which it became visible: its place in the list."""
    queued: bool = False
    """Its deliveries have been queued."""

    @property
    def visible(self) -> bool:
        return self.stage is Stage.VISIBLE

    @property
    def archived(self) -> bool:
        return self.notification.HasField("archive_time")

    @property
    def unread(self) -> bool:
        return not self.notification.HasField("read_time")

    def counts(self) -> pb.Counts:
        """What it adds to the counters."""
        if not self.visible:
            return pb.Counts()
        if self.archived:
            return pb.Counts(archived_count=1)
        unseen = not self.notification.HasField("seen_time")
        return pb.Counts(total_count=1, unread_count=int(self.unread), unseen_count=int(unseen))

    def belongs(self, filter: pb.Filter) -> bool:
        """Whether a live stream with this filter shows it: whether it is read or archived does not matter."""
        shown = self.notification
        return (
            (not filter.types or shown.type in filter.types)
            and (not filter.category or shown.category == filter.category)
            and (not filter.thread_key or shown.thread_key == filter.thread_key)
            and dict(filter.labels).items() <= dict(shown.labels).items()
        )

    def matches(self, filter: pb.Filter) -> bool:
        """Whether a page with this filter shows it."""
        delivered = to_datetime(self.notification.deliver_time)
        return (
            self.visible
            and self.belongs(filter)
            and self.archived == filter.archived
            and (not filter.HasField("unread") or self.unread == filter.unread)
            and (not filter.HasField("start_time") or delivered >= to_datetime(filter.start_time))
            and (not filter.HasField("end_time") or delivered < to_datetime(filter.end_time))
        )


def sum_counts(entries: Sequence[Entry]) -> pb.Counts:
    """The counters of these notifications together."""
    parts = [entry.counts() for entry in entries]
    return pb.Counts(
        total_count=sum(part.total_count for part in parts),
        unread_count=sum(part.unread_count for part in parts),
        unseen_count=sum(part.unseen_count for part in parts),
        archived_count=sum(part.archived_count for part in parts),
    )


def to_datetime(instant: Timestamp) -> datetime:
    """With the zone UTC."""
    return instant.ToDatetime(tzinfo=UTC)


def to_timestamp(instant: datetime) -> Timestamp:
    """The message for an instant."""
    timestamp = Timestamp()
    timestamp.FromDatetime(instant)
    return timestamp


def now_utc() -> datetime:
    """The fake's clock."""
    return datetime.now(UTC)
