"""Deliveries: their states, and the outcomes of attempts, as values."""

from __future__ import annotations

from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class Delivered:
    """The provider took it."""

    provider_message_id: str = ""


@dataclass(frozen=True, slots=True)
class Retry:
    """It failed in a way that may pass."""

    error_class: str
    detail: str
    after_seconds: float | None = None
    """The provider's own wish."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """It will never be taken."""

    error_class: str
    detail: str


@dataclass(frozen=True, slots=True)
class EndpointGone:
    """The address does not exist any more."""

    error_class: str
    detail: str


Outcome = Delivered | Retry | Rejected | EndpointGone
