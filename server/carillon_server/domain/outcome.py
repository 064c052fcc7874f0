"""What an attempt came to, as values: providers return one, whatever happened."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

UNREADABLE_CONTENT = "content_unreadable"
"""The class of a message of which nobody can tell what it says."""


@dataclass(frozen=True, slots=True)
class Delivered:
    """The provider took it."""

    provider_message_id: str = ""
    """What the provider calls it; its callbacks name it."""


@dataclass(frozen=True, slots=True)
class Retry:
    """It failed in a way that may pass: another provider, or the same one later, may take it."""

    error_class: str
    """A word for metrics and operators: `timeout`, `http_503`, `smtp_451`."""
    detail: str
    """What the other side said; without secrets and content."""
    after_seconds: float | None = None
    """The provider's own wish for this message."""


@dataclass(frozen=True, slots=True)
class Throttled:
    """The provider wants fewer messages of us: nothing goes to it for a while, and this was no try."""

    error_class: str
    detail: str
    after_seconds: float | None = None
    """How long to leave it alone; None: it did not say."""


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
    as_of: datetime | None = None
    """Since when; an endpoint that was put again after it stays. None: now."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """It may or may not have been taken, and must not be repeated."""

    error_class: str
    detail: str


Outcome = Delivered | Retry | Throttled | Rejected | EndpointGone | Unknown
