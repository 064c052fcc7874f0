"""The stored form of preferences: one JSON document per recipient.

`{"channels": {"2": false}, "rules": [["type", 2, true]], "mutes": [["sender", "key", "value", "until" or
null]]}`
"""

from __future__ import annotations

import json
from datetime import datetime

from carillon_server.domain.channel import Channel
from carillon_server.domain.preferences import NO_PREFERENCES, MuteKind, MuteTarget, Preferences


def parse_preferences(document: str | None, update_time: datetime | None = None) -> Preferences:
    """A recipient that never set any has none."""
    if document is None:
        return NO_PREFERENCES
    stored = json.loads(document)
    return Preferences(
        channels={Channel(int(channel)): enabled for channel, enabled in stored["channels"].items()},
        rules={(type_, Channel(channel)): enabled for type_, channel, enabled in stored["rules"]},
        mutes={
            MuteTarget(MuteKind(kind), key, value): datetime.fromisoformat(until) if until else None
            for kind, key, value, until in stored["mutes"]
        },
        update_time=update_time,
    )


def dump_preferences(preferences: Preferences) -> str:
    """The inverse of `parse_preferences`."""
    mutes = preferences.mutes.items()
    return json.dumps(
        {
            "channels": {str(int(channel)): enabled for channel, enabled in preferences.channels.items()},
            "rules": [
                [type_, int(channel), enabled] for (type_, channel), enabled in preferences.rules.items()
            ],
            "mutes": [
                [target.kind, target.key, target.value, until.isoformat() if until else None]
                for target, until in mutes
            ],
        }
    )
