"""What is asked of a preview, and what it shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from carillon_server.domain.channel import Channel
from carillon_server.domain.content_parts import find_source, to_content_parts
from carillon_server.domain.template import Template


@dataclass(frozen=True, slots=True)
class PreviewQuery:
    """Empty strings mean: as the recipient has it, or the tenant by default."""

    type: str
    data: Mapping[str, Any] | None = None
    """None: the type's sample."""
    locale: str = ""
    time_zone: str = ""
    recipient_id: str = ""
    channels: frozenset[Channel] = frozenset()
    """Empty: all that there is something to show of."""
    template: Template | None = None
    """In place of the one in use of its channel."""
    version: int = 0
    """Of the one channel, in place of the one in use."""


@dataclass(frozen=True, slots=True)
class ChannelView:
    """How it reads on one channel."""

    channel: Channel
    locale: str = ""
    """Of the template; empty: there is none."""
    version: int = 0
    parts: Mapping[str, str] = field(default_factory=dict)
    problem: str = ""
    """Why it could not be rendered."""


@dataclass(frozen=True, slots=True)
class Preview:
    """How it reads on every channel, and with which data."""

    views: tuple[ChannelView, ...]
    data: Mapping[str, Any]


def make_do(channel: Channel, views: Mapping[Channel, ChannelView]) -> ChannelView | None:
    """How a channel without a template reads: as what tells the inbox. None: nothing tells it."""
    source = find_source(views)
    if source is None or channel is Channel.WEBHOOK:
        return None
    content = to_content_parts(source, views[source].parts) if views[source].parts else {}
    return ChannelView(channel, parts=_worded(channel, content), problem=views[source].problem)


def _worded(channel: Channel, content: Mapping[str, str]) -> dict[str, str]:
    title, body = content.get("title", ""), content.get("body", "")
    match channel:
        case Channel.IN_APP:
            return dict(content)
        case Channel.EMAIL:
            return {"subject": title, "text": body or title}
        case Channel.SMS:
            return {"text": "\n".join(filter(None, (title, body)))}
        case _:
            shown = {"title": title, "body": body or title, "action_url": content.get("action_url", "")}
            return {name: text for name, text in shown.items() if text}
