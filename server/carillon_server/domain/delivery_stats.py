"""How many were sent, and what became of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum, StrEnum

MAX_ROWS = 10_000


class StatsDimension(IntEnum):
    """By what numbers are kept apart; the numbers are those of the API."""

    TYPE = 1
    CHANNEL = 2
    PROVIDER = 3


class StatsBucket(StrEnum):
    """How long a step of time is, in the words of Postgres."""

    HOUR = "hour"
    DAY = "day"


@dataclass(frozen=True, slots=True)
class StatsQuery:
    """Which numbers."""

    start_time: datetime
    end_time: datetime
    group_by: frozenset[StatsDimension] = frozenset()
    bucket: StatsBucket | None = None
    """None: the range is one."""


@dataclass(frozen=True, slots=True)
class StatsKey:
    """One group in one step of time; what was not asked for is None, empty or 0."""

    start_time: datetime | None
    type: str
    channel: int
    provider: str


@dataclass(frozen=True, slots=True)
class Stats:
    """Its numbers; the API says what each means."""

    sent: int = 0
    delivered: int = 0
    failed: int = 0
    suppressed: int = 0
    opened: int = 0
    clicked: int = 0
    read: int = 0

    def __add__(self, other: Stats) -> Stats:
        return Stats(
            self.sent + other.sent,
            self.delivered + other.delivered,
            self.failed + other.failed,
            self.suppressed + other.suppressed,
            self.opened + other.opened,
            self.clicked + other.clicked,
            self.read + other.read,
        )
