"""Inboxes: which notifications are meant, and counters."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from carillon.v1 import notification_service_pb2 as pb
from carillon.v1 import types_pb2
from carillon_server.domain.ids import NotificationId
from carillon_server.domain.inbox_query import InboxCounts, InboxFilter
from carillon_server.transport.encode import to_counts
from carillon_server.transport.instants import to_datetime


def to_notification_ids(texts: Iterable[str]) -> tuple[NotificationId, ...]:
    """The distinct ids in their order; texts that are none are passed over."""
    parsed = (NotificationId.parse(text) for text in dict.fromkeys(texts))
    return tuple(id_ for id_ in parsed if id_ is not None)


def to_filter(message: types_pb2.Filter) -> InboxFilter:
    """Which notifications."""
    return InboxFilter(
        unread=message.unread if message.HasField("unread") else None,
        archived=message.archived if message.HasField("archived") else None,
        types=tuple(message.types),
        category=message.category,
        labels=dict(message.labels),
        thread_key=message.thread_key,
        start_time=to_datetime(message.start_time) if message.HasField("start_time") else None,
        end_time=to_datetime(message.end_time) if message.HasField("end_time") else None,
    )


def to_drop_ids(asked: Sequence[str], dropped: Iterable[NotificationId]) -> list[str]:
    """Of the ids that were asked about, those to drop; texts that are no ids are dropped too."""
    kept = {str(id_) for id_ in to_notification_ids(asked)} - {str(id_) for id_ in dropped}
    return [text for text in dict.fromkeys(asked) if text not in kept]


def to_counts_response(counts: InboxCounts, cursor: str) -> pb.GetCountsResponse:
    """All counters."""
    return pb.GetCountsResponse(
        counts=to_counts(counts.state.counts),
        by_type={type_: to_counts(part) for type_, part in counts.by_type.items()},
        by_category={category: to_counts(part) for category, part in counts.by_category.items()},
        by_priority=[
            pb.PriorityCounts(priority=_priority(number), counts=to_counts(part))
            for number, part in sorted(counts.by_priority.items())
        ],
        cursor=cursor,
    )


def _priority(number: int) -> types_pb2.Priority.ValueType:
    return types_pb2.Priority.ValueType(number)
