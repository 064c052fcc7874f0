"""What a recipient wants: switches per channel, rules per type and channel, mutes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from carillon_server.domain.channel import Channel

MAX_RULES = 500
MAX_MUTES = 200


class MuteKind(StrEnum):
    """What a mute is about."""

    SENDER = "sender"
    THREAD = "thread"
    LABEL = "label"
    TYPE = "type"


@dataclass(frozen=True, slots=True)
class MuteTarget:
    """`key` is the sender, thread or type; for a label its key, with its `value`."""

    kind: MuteKind
    key: str
    value: str = ""


@dataclass(frozen=True, slots=True)
class Preferences:
    """An absent switch or rule means: as the sender and the defaults say."""

    channels: Mapping[Channel, bool] = field(default_factory=dict)
    rules: Mapping[tuple[str, Channel], bool] = field(default_factory=dict)
    mutes: Mapping[MuteTarget, datetime | None] = field(default_factory=dict)
    """Until when; None: until unmuted."""
    update_time: datetime | None = None


NO_PREFERENCES = Preferences()
