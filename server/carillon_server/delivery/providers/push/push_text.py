"""What all push services have in common: small messages that end, replace each other and lead somewhere."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from urllib.parse import urljoin

from carillon_server.delivery.providers.provider import Message
from carillon_server.domain.channel import Priority

LONGEST_SECONDS = 28 * 24 * 3600
"""How long a message is kept for a device that is off; what FCM allows, and others about as much."""
_WORTH_CHARACTERS = 300
"""Of a body; before it becomes shorter than that, pictures and buttons go."""
_ELLIPSIS = "…"
# What belongs to the character before: cut there, it would be another character.
_JOINERS = "\u200d\ufe0e\ufe0f\u20e3"

Render = Callable[[str], bytes]
"""Writes the whole payload around a body."""


def fit(renders: Sequence[Render], body: str, max_bytes: int) -> bytes | None:
    """The first payload that keeps the limit with a good part of the body; None: none does even without one.

    `renders`: the same message with ever fewer trimmings. With the last, the body may shrink to nothing.
    """
    *trimmed, plain = renders
    for render in trimmed:
        if len(render(_beginning(body))) <= max_bytes:
            return _fit_body(render, body, max_bytes)
    return _fit_body(plain, body, max_bytes) if len(plain("")) <= max_bytes else None


def _beginning(body: str) -> str:
    return body if len(body) <= _WORTH_CHARACTERS else _cut(body, _WORTH_CHARACTERS)


def _fit_body(render: Render, body: str, max_bytes: int) -> bytes:
    whole = render(body)
    return whole if len(whole) <= max_bytes else render(_shorten(render, body, max_bytes))


def _shorten(render: Render, body: str, max_bytes: int) -> str:
    fits, too_long = 0, len(body)
    while too_long - fits > 1:
        middle = (fits + too_long) // 2
        if len(render(_cut(body, middle))) <= max_bytes:
            fits = middle
        else:
            too_long = middle
    return _cut(body, fits)


def _cut(body: str, characters: int) -> str:
    kept = body[:characters].rstrip().rstrip(_JOINERS)
    return kept + _ELLIPSIS if kept else ""


def to_json(value: Mapping[str, object]) -> bytes:
    """Compact, in UTF-8: escapes would eat up the little room."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def filled(value: Mapping[str, object]) -> dict[str, object]:
    """Without what is empty."""
    return {name: each for name, each in value.items() if each not in ("", None, {}, [])}


def target_url(message: Message, link_base_url: str) -> str:
    """Where the notification leads: absolute where a base is known, else as it was sent."""
    url = message.words.action_url
    return urljoin(link_base_url, url) if url and link_base_url else url


def secure_url(url: str) -> str:
    """The URL if it is https, which is what devices load; else empty."""
    return url if url.startswith("https://") else ""


def seconds_to_live(message: Message, now: datetime) -> int | None:
    """Until it expires, within what push services allow; None: it does not."""
    if message.expire_time is None:
        return None
    return min(max(int((message.expire_time - now).total_seconds()), 0), LONGEST_SECONDS)


def digest(key: str, characters: int) -> str:
    """A key as so many characters of base64url."""
    return urlsafe_b64encode(sha256(key.encode()).digest()).decode()[:characters]


def replaced_by(message: Message) -> str:
    """What later messages replace this one by. Without a collapse key only its own repetition does: a message
    that goes out again after a crash is then shown once.
    """
    return message.collapse_key or str(message.notification_id)


def urgency(message: Message) -> str:
    """The header `Urgency` of RFC 8030, 5.3."""
    if message.priority >= Priority.HIGH:
        return "high"
    return "low" if message.priority is Priority.LOW else "normal"
