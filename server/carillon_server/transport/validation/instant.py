"""Rules for timestamps and durations."""

from __future__ import annotations

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from carillon_server.transport.validation.rule import FINE, Violations, wrong

_YEAR_1_SECONDS = -62_135_596_800
_YEAR_10000_SECONDS = 253_402_300_800
_NANOS_PER_SECOND = 1_000_000_000
_MAX_DURATION_SECONDS = 315_576_000_000

_NO_TIMESTAMP = wrong("is not within the years 1 to 9999")
_NO_DURATION = wrong("is not a duration")
_NEGATIVE = wrong("is negative")


def timestamp(value: Timestamp) -> Violations:
    """The range that protobuf defines."""
    in_range = _YEAR_1_SECONDS <= value.seconds < _YEAR_10000_SECONDS
    return FINE if in_range and 0 <= value.nanos < _NANOS_PER_SECOND else _NO_TIMESTAMP


def duration(value: Duration) -> Violations:
    """Zero or more."""
    if value.seconds < 0 or value.nanos < 0:
        return _NEGATIVE
    fits = value.seconds <= _MAX_DURATION_SECONDS and value.nanos < _NANOS_PER_SECOND
    return FINE if fits else _NO_DURATION
