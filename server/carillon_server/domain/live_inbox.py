"""What a live stream is asked for, and why it may have to start afresh."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum

from carillon_server.domain.inbox import InboxAddress
from carillon_server.domain.inbox_query import InboxFilter

DEFAULT_HEARTBEAT_SECONDS = 25.0
MIN_HEARTBEAT_SECONDS = 1.0
MAX_HEARTBEAT_SECONDS = 300.0
DEFAULT_SNAPSHOT_SIZE = 20
MAX_SNAPSHOT_SIZE = 100


class ResetCause(IntEnum):
    """Why a stream starts afresh; the numbers are those of the API."""

    TOO_OLD = 1
    EPOCH_CHANGED = 2
    FUTURE = 3


@dataclass(frozen=True, slots=True)
class StreamRequest:
    """What a client asks for."""

    address: InboxAddress
    cursor: str = ""
    """Empty: from now, with a snapshot."""
    filter: InboxFilter = field(default_factory=InboxFilter)
    heartbeat_seconds: float = DEFAULT_HEARTBEAT_SECONDS
    """How long the stream may be silent."""
    snapshot_size: int = DEFAULT_SNAPSHOT_SIZE
