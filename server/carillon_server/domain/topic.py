"""Topics: named audiences of recipients inside a tenant."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Topic:
    """A named audience."""

    name: str
    display_name: str = ""
    description: str = ""
    member_count: int = 0
    catalog: str = ""
    create_time: datetime | None = None
    update_time: datetime | None = None


@dataclass(frozen=True, slots=True)
class TopicMember:
    """Somebody in it."""

    recipient_id: str
    condition: str = ""
    """See `domain.condition`; empty: always."""
    create_time: datetime | None = None
