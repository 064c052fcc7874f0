"""The content of a notification out of what its templates gave."""

from __future__ import annotations

import re
from collections.abc import Container, Mapping

from carillon_server.domain.channel import Channel

CONTENT_SOURCES = (Channel.IN_APP, Channel.PUSH, Channel.CHAT, Channel.EMAIL, Channel.SMS)
"""The first of these that has a template tells the content."""
MAX_TITLE_CHARACTERS = 200
MAX_BODY_CHARACTERS = 10_000
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_ELLIPSIS = "…"
_COPIED = ("action_url", "icon", "image_url")


def find_source(channels: Container[Channel]) -> Channel | None:
    """The channel whose template tells the content; None: no template can."""
    return next((channel for channel in CONTENT_SOURCES if channel in channels), None)


def find_unstorable(parts: Mapping[str, str]) -> str | None:
    """A part with what neither the database nor the wire can carry; None: there is none."""
    return next((name for name, text in parts.items() if _UNSTORABLE.search(text)), None)


def to_content_parts(channel: Channel, parts: Mapping[str, str]) -> dict[str, str]:
    """The parts that IN_APP has, from those of the channel; empty ones are left out. What was not written for
    an inbox is cut to what fits there.
    """
    if channel is Channel.IN_APP:
        return {name: text for name, text in parts.items() if text}
    body = parts.get("body") or parts.get("text") or ""
    title = " ".join((parts.get("title") or parts.get("subject") or body).split())
    content = {name: parts[name] for name in _COPIED if parts.get(name)}
    content["title"] = _cut(title, MAX_TITLE_CHARACTERS)
    if body and body != content["title"]:
        content["body"] = _cut(body, MAX_BODY_CHARACTERS)
    return content


def _cut(text: str, max_characters: int) -> str:
    if len(text) <= max_characters:
        return text
    return text[: max_characters - 1].rstrip() + _ELLIPSIS
