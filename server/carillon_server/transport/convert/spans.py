"""Durations as seconds."""

from __future__ import annotations

from google.protobuf.duration_pb2 import Duration

_NANOS_PER_SECOND = 1_000_000_000


def to_seconds(duration: Duration) -> float:
    """Of a duration that keeps its limits."""
    return duration.ToNanoseconds() / _NANOS_PER_SECOND


def to_duration(seconds: float) -> Duration:
    """To the nanosecond."""
    duration = Duration()
    duration.FromNanoseconds(round(seconds * _NANOS_PER_SECOND))
    return duration
