"""What a provider tells of a message after it took it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class EventKind(StrEnum):
    """What happened to the message."""

    DELIVERED = "delivered"
    """It arrived."""
    FAILED = "failed"
    """It will not arrive."""
    BOUNCED = "bounced"
    """It will not arrive, because the address does not exist: the endpoint is retired."""
    COMPLAINED = "complained"
    """The person called it spam: the endpoint is retired."""
    OPENED = "opened"
    CLICKED = "clicked"


@dataclass(frozen=True, slots=True)
class ProviderEvent:
    """One event, out of a callback whose signature was good."""

    event_id: str
    """The provider's own, or derived of what it says: the same again changes nothing."""
    provider_message_id: str
    kind: EventKind
    event_time: datetime
    reason: str = ""
    """Why it failed, as a word: `twilio_30003`. Empty: the kind says it."""
    detail: str = ""
    """A code or sentence of the provider, for operators."""
    delivery_id: str = ""
    """Ours, where the callback names it besides; for messages whose id we were never told."""


@dataclass(frozen=True, slots=True)
class Callback:
    """An HTTP request of a provider, as it came in."""

    url: str
    """As the provider called it; some sign it."""
    headers: dict[str, str]
    """Names in lower case."""
    body: bytes
