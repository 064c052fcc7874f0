"""Where a delivery stands."""

from __future__ import annotations

from enum import IntEnum


class DeliveryState(IntEnum):
    """Where a delivery stands."""

    SCHEDULED = 1
    """Waits for its first attempt."""
    ATTEMPTING = 2
    """A worker holds it under a lease."""
    RETRYING = 3
    """Waits for its next attempt."""
    DELIVERED = 4
    """The provider took it."""
    EXHAUSTED = 5
    """All attempts failed."""
    REJECTED = 6
    """The provider refused it for good."""
    CANCELLED = 7
    """Called back, expired, opted out of, or its endpoint is gone."""
    UNKNOWN = 8
    """It may or may not have been delivered, and must not be repeated."""


PENDING_STATES = frozenset({DeliveryState.SCHEDULED, DeliveryState.ATTEMPTING, DeliveryState.RETRYING})
