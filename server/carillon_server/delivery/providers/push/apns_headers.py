"""The headers by which APNs is told how to treat a notification; FCM hands the same ones on.

Apple, "Sending notification requests to APNs".
"""

from __future__ import annotations

from datetime import datetime

from carillon_server.delivery.providers.provider import Message
from carillon_server.delivery.providers.push.push_text import (
    LONGEST_SECONDS,
    digest,
    replaced_by,
    seconds_to_live,
)
from carillon_server.domain.channel import Priority

_MAX_COLLAPSE_BYTES = 64
_AT_ONCE, _WHEN_IT_SUITS = "10", "5"


def apns_headers(message: Message, now: datetime) -> dict[str, str]:
    """Priority, end and what it replaces."""
    seconds = seconds_to_live(message, now)
    return {
        "apns-priority": _WHEN_IT_SUITS if message.priority is Priority.LOW else _AT_ONCE,
        "apns-expiration": _expiration(seconds, now),
        "apns-collapse-id": _collapse_id(replaced_by(message)),
    }


def _expiration(seconds: int | None, now: datetime) -> str:
    """A Unix time; 0 is "now or never"."""
    if seconds == 0:
        return "0"
    return str(int(now.timestamp()) + (LONGEST_SECONDS if seconds is None else seconds))


def _collapse_id(key: str) -> str:
    plain = key.isascii() and key.isprintable() and len(key) <= _MAX_COLLAPSE_BYTES and key == key.strip()
    return key if plain else digest(key, 43)
