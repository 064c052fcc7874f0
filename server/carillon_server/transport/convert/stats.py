"""Numbers."""

from __future__ import annotations

from collections.abc import Iterable

from carillon.v1 import delivery_service_pb2 as pb
from carillon.v1 import types_pb2
from carillon_server.domain.delivery_stats import Stats, StatsBucket, StatsDimension, StatsKey, StatsQuery
from carillon_server.transport.instants import optional_timestamp, to_datetime

_BUCKETS = {pb.STATS_BUCKET_HOUR: StatsBucket.HOUR, pb.STATS_BUCKET_DAY: StatsBucket.DAY}


def to_stats_query(request: pb.GetStatsRequest) -> StatsQuery:
    """Which numbers."""
    return StatsQuery(
        start_time=to_datetime(request.start_time),
        end_time=to_datetime(request.end_time),
        group_by=frozenset(StatsDimension(number) for number in request.group_by),
        bucket=_BUCKETS.get(request.bucket),
    )


def to_stats_response(rows: Iterable[tuple[StatsKey, Stats]]) -> pb.GetStatsResponse:
    """The numbers, in their order."""
    return pb.GetStatsResponse(rows=[_to_row(key, stats) for key, stats in rows])


def _to_row(key: StatsKey, stats: Stats) -> pb.Stats:
    return pb.Stats(
        start_time=optional_timestamp(key.start_time),
        type=key.type,
        channel=types_pb2.Channel.ValueType(key.channel),
        provider=key.provider,
        sent_count=stats.sent,
        delivered_count=stats.delivered,
        failed_count=stats.failed,
        suppressed_count=stats.suppressed,
        opened_count=stats.opened,
        clicked_count=stats.clicked,
        read_count=stats.read,
    )
