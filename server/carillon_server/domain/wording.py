"""What a channel says in words of its own, where its type has a template for it.

Whatever a template can say, it says alone: a part that it leaves out is empty, and never taken from the
notification's content. What it has no part for (the picture, the buttons) is the notification's.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from carillon_server.domain.channel import Channel
from carillon_server.domain.notification import Content
from carillon_server.domain.template import REQUIRED_PARTS

_DATA = "data."


class PartsUnreadableError(ValueError):
    """What is stored is nothing that a channel could say."""


def load_parts(channel: Channel, stored: str | None) -> Mapping[str, str]:
    """The parts of a channel as they are stored; empty: it says what the notification says.

    Parts that nobody knows are those of a newer version, and are no harm. Raises `PartsUnreadableError`.
    """
    if stored is None:
        return {}
    try:
        parts = json.loads(stored)
    except (ValueError, RecursionError) as error:
        raise PartsUnreadableError("no JSON") from error
    if not isinstance(parts, dict) or not all(isinstance(text, str) for text in parts.values()):
        raise PartsUnreadableError("no map of texts")
    if not all(parts.get(name) for name in REQUIRED_PARTS[channel]):
        raise PartsUnreadableError("a required part is missing")
    return parts


def word(content: Content, parts: Mapping[str, str]) -> Content:
    """The content in the words of the parts; without any, as it is."""
    if not parts:
        return content
    return Content(
        title=parts.get("title") or parts.get("subject", ""),
        body=parts.get("body") or parts.get("text", ""),
        action_url=parts.get("action_url", ""),
        icon=parts.get("icon", ""),
        image_url=content.image_url,
        actions=content.actions,
    )


def application_data(parts: Mapping[str, str]) -> dict[str, str]:
    """The values for the application, by their names."""
    return {name.removeprefix(_DATA): text for name, text in parts.items() if name.startswith(_DATA)}
