"""Broadcasts: one notification on its way to a topic, or to everyone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum

from carillon_server.domain.ids import BroadcastId


class BroadcastState(IntEnum):
    """Where a broadcast stands; the numbers are those of the API."""

    PENDING = 1
    RUNNING = 2
    COMPLETED = 3
    CANCELLED = 4
    FAILED = 5


@dataclass(frozen=True, slots=True)
class Broadcast:
    """As it stands."""

    id: BroadcastId
    topic: str
    """Empty: everyone."""
    type: str
    state: BroadcastState
    audience_count: int
    processed_count: int
    notified_count: int
    failed_count: int
    failure: str
    sender: str
    create_time: datetime
    start_time: datetime | None
    finish_time: datetime | None


@dataclass(frozen=True, slots=True)
class BroadcastPlace:
    """Where one stands in the list of a tenant's: newest first."""

    create_time: datetime
    id: BroadcastId
