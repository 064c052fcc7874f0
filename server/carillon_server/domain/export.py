"""What is handed out of a recipient: everything held of them, piece by piece."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeAlias

from carillon_server.domain.delivery_query import AttemptView, DeliveryView, EventView
from carillon_server.domain.notification import StoredNotification
from carillon_server.domain.preferences import Preferences
from carillon_server.domain.recipient import Endpoint, Recipient


class Noun(StrEnum):
    """What a piece is; the words are those of the API."""

    PROFILE = "profile"
    ENDPOINT = "endpoint"
    PREFERENCES = "preferences"
    INBOX = "inbox"
    COUNTER = "counter"
    DEVICE = "device"
    TOPIC = "topic"
    NOTIFICATION = "notification"
    PART = "part"
    DELIVERY = "delivery"
    ATTEMPT = "attempt"
    EVENT = "event"
    REQUEST = "request"


Subject: TypeAlias = (
    Recipient | Endpoint | Preferences | StoredNotification | DeliveryView | AttemptView | EventView
)


@dataclass(frozen=True, slots=True)
class Piece:
    """One thing that is held."""

    noun: Noun
    subject: Subject | None = None
    """What callers of the API know too; None: `more` says it all."""
    more: Mapping[str, Any] = field(default_factory=dict)
    """What is held beside it: texts, numbers, instants, and lists and mappings of them. None: not set."""
