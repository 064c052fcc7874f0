"""Numbers over everything that the fake holds."""

from __future__ import annotations

from datetime import datetime, timedelta

from google.protobuf.timestamp_pb2 import Timestamp

from carillon.testing._caller import Caller
from carillon.testing._entry import to_datetime, to_timestamp
from carillon.testing._outbox import settled
from carillon.testing._refusal import refuse
from carillon.testing._store import Store
from carillon.v1 import delivery_service_pb2 as pb
from carillon.v1 import types_pb2

_MAX_RANGE = timedelta(days=92)
_FAILED = (pb.DELIVERY_STATE_EXHAUSTED, pb.DELIVERY_STATE_REJECTED)


class _Counter:
    """Rows by their keys."""

    def __init__(self, request: pb.GetStatsRequest) -> None:
        self._request = request
        self._start = to_datetime(request.start_time)
        self._end = to_datetime(request.end_time)
        self._rows: dict[tuple[object, ...], pb.Stats] = {}

    def row(
        self, time: Timestamp, type: str, channel: types_pb2.Channel.ValueType, provider: str = ""
    ) -> pb.Stats:
        """Where something of this kind counts; a row of no consequence where it is out of the range."""
        when = to_datetime(time)
        if not self._start <= when < self._end:
            return pb.Stats()
        asked = self._request.group_by
        stats = pb.Stats(start_time=self._bucket(when))
        if pb.STATS_DIMENSION_TYPE in asked:
            stats.type = type
        if pb.STATS_DIMENSION_CHANNEL in asked:
            stats.channel = channel
        if pb.STATS_DIMENSION_PROVIDER in asked:
            stats.provider = provider
        key = (stats.start_time.seconds, stats.type, stats.channel, stats.provider)
        return self._rows.setdefault(key, stats)

    def rows(self) -> list[pb.Stats]:
        """By their keys."""
        return [self._rows[key] for key in sorted(self._rows)]

    def _bucket(self, when: datetime) -> Timestamp | None:
        if self._request.bucket == pb.STATS_BUCKET_UNSPECIFIED:
            return None
        hour = when.replace(minute=0, second=0, microsecond=0)
        daily = self._request.bucket == pb.STATS_BUCKET_DAY
        return to_timestamp(hour.replace(hour=0) if daily else hour)


def get_stats(store: Store, _caller: Caller, request: pb.GetStatsRequest) -> pb.GetStatsResponse:
    """Counted anew."""
    for field in ("start_time", "end_time"):
        if not request.HasField(field):
            refuse(field, "is required")
    length = to_datetime(request.end_time) - to_datetime(request.start_time)
    if not timedelta(0) < length <= _MAX_RANGE:
        refuse("end_time", "is at most 92 days after start_time")
    counter = _Counter(request)
    for story in settled(store).values():
        delivery = story.delivery
        row = counter.row(delivery.create_time, delivery.type, delivery.channel, delivery.provider)
        row.sent_count += 1
        row.delivered_count += delivery.state == pb.DELIVERY_STATE_DELIVERED
        row.failed_count += delivery.state in _FAILED
    _count_notifications(store, counter)
    return pb.GetStatsResponse(rows=counter.rows())


def _count_notifications(store: Store, counter: _Counter) -> None:
    for _, entry in store.entries():
        notification = entry.notification
        for decision in entry.decisions:
            if decision.verdict == types_pb2.VERDICT_SUPPRESS:
                row = counter.row(notification.create_time, notification.type, decision.channel)
                row.suppressed_count += 1
            elif decision.channel == types_pb2.CHANNEL_IN_APP and entry.position:
                row = counter.row(notification.create_time, notification.type, decision.channel)
                row.sent_count += 1
                row.delivered_count += 1
                row.read_count += notification.HasField("read_time")
