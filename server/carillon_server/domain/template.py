"""Templates: how a type reads on one channel in one language.

A template is a map of part names to sources. Which parts a channel has is said here alone; lists and maps of
the API are flattened into names (`actions[0].label`, `data.screen`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum

from carillon_server.domain.channel import Channel

REQUIRED_PARTS: Mapping[Channel, tuple[str, ...]] = {
    Channel.IN_APP: ("title",),
    Channel.EMAIL: ("subject",),
    Channel.PUSH: ("title",),
    Channel.SMS: ("text",),
    Channel.WEBHOOK: ("payload",),
    Channel.CHAT: ("body",),
}
OPTIONAL_PARTS: Mapping[Channel, tuple[str, ...]] = {
    Channel.IN_APP: ("body", "action_url", "icon", "image_url"),
    Channel.EMAIL: ("text", "html", "mjml", "markdown", "preheader"),
    Channel.PUSH: ("body", "action_url", "icon"),
    Channel.SMS: (),
    Channel.WEBHOOK: (),
    Channel.CHAT: ("title", "action_url"),
}
RENDERED_EMAIL_PARTS = ("subject", "text", "html", "preheader")
"""What is left of a mail's parts when it is rendered: `mjml` and `markdown` have become `html`. `text` is
always there; `html` only where there was html, mjml or markdown."""
MARKUP_PARTS = frozenset({"html", "mjml", "markdown"})
"""At most one of them in a template; values in them are escaped."""

_ACTION = re.compile(r"actions\[([0-4])\]\.(id|label|url)")
_PUSH_DATA = re.compile(r"data\.([a-zA-Z0-9_.-]{1,64})")


class Dependence(IntEnum):
    """What a rendering depends on besides the data and the locale."""

    NOTHING = 0
    ZONE = 1
    """The recipient's time zone."""
    RECIPIENT = 2
    """The recipient: everyone's is their own."""


@dataclass(frozen=True, slots=True)
class Template:
    """One version of how a type reads on one channel in one language."""

    type: str
    channel: Channel
    locale: str
    parts: Mapping[str, str]
    """Sources by name; empty parts are left out."""
    layout: str = ""
    version: int = 0
    active: bool = False
    dependence: Dependence = Dependence.NOTHING
    catalog: str = ""
    create_time: datetime | None = None


@dataclass(frozen=True, slots=True)
class TemplateKey:
    """Which template; all of its versions have it."""

    type: str
    channel: Channel
    locale: str

    def __str__(self) -> str:
        return f"{self.type} {self.channel.name} {self.locale}"


def key_of(template: Template) -> TemplateKey:
    """Which template this is a version of."""
    return TemplateKey(template.type, template.channel, template.locale)


def is_part(channel: Channel, name: str) -> bool:
    """Whether templates of the channel can have such a part."""
    if name in REQUIRED_PARTS[channel] or name in OPTIONAL_PARTS[channel]:
        return True
    if channel is Channel.IN_APP:
        return _ACTION.fullmatch(name) is not None
    return channel is Channel.PUSH and _PUSH_DATA.fullmatch(name) is not None
