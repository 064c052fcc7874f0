"""What a Send says to each of its recipients, before anything is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from carillon_server.domain.channel import Channel
from carillon_server.domain.errors import Refusal
from carillon_server.domain.notification import Draft
from carillon_server.domain.notification_type import NotificationType


@dataclass(frozen=True, slots=True)
class Variant:
    """One way in which a notification reads; recipients of one language share it, where nothing in it is
    personal.
    """

    draft: Draft
    """With the type's defaults, and a payload that holds this variant's content."""
    parts: Mapping[Channel, Mapping[str, str]] = field(default_factory=dict)
    """What the other channels say in words of their own: `domain.template`."""
    key: str = ""
    """Locale and time zone; empty where it belongs to one recipient alone."""


@dataclass(frozen=True, slots=True)
class Composition:
    """A Send, composed."""

    variants: tuple[Variant, ...]
    chosen: Mapping[str, int]
    """Recipient id to the number of the variant."""
    type: NotificationType | None = None
    """None: the tenant has no such type, and accepts that."""
    failures: Mapping[str, Refusal] = field(default_factory=dict)
    """Recipients that it cannot be rendered for; only where the caller bears with them, as broadcasts do."""
