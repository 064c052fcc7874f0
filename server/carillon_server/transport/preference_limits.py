"""The limits of preferences; a part of the one table in `limits.py`."""

from __future__ import annotations

from carillon.v1 import preference_service_pb2 as pb
from carillon_server.domain.preferences import MAX_RULES
from carillon_server.transport import relations
from carillon_server.transport.field_rules import (
    CHANNEL,
    KEY,
    LABEL_KEY,
    LABEL_VALUE,
    MAX_NAMED_CHANNELS,
    RECIPIENT_ID,
    TYPE,
    of_recipient,
)
from carillon_server.transport.validation.field_mask import field_mask
from carillon_server.transport.validation.instant import timestamp
from carillon_server.transport.validation.message import MessageRule
from carillon_server.transport.validation.rule import anything, each, read_only
from carillon_server.transport.validation.text import nonempty

_LABEL = MessageRule(pb.Label, {"key": LABEL_KEY, "value": LABEL_VALUE}, required=("key",))
_MUTE_TARGET = MessageRule(
    pb.MuteTarget,
    {"sender": nonempty(KEY), "thread_key": nonempty(KEY), "label": _LABEL, "type": TYPE},
    relations=relations.names_a_target,
)
_SWITCH = MessageRule(pb.ChannelSwitch, {"channel": CHANNEL, "enabled": anything}, required=("channel",))
_RULE = MessageRule(
    pb.PreferenceRule,
    {"type": TYPE, "channel": CHANNEL, "enabled": anything},
    required=("type", "channel"),
)
_PREFERENCES = MessageRule(
    pb.Preferences,
    {
        "channels": each(_SWITCH, max_items=MAX_NAMED_CHANNELS),
        "rules": each(_RULE, max_items=MAX_RULES),
        "mutes": read_only,
        "update_time": read_only,
    },
    relations=relations.preferences_are_unique,
)

PREFERENCE_RULES = (
    _SWITCH,
    _RULE,
    _LABEL,
    _MUTE_TARGET,
    _PREFERENCES,
    of_recipient(pb.GetPreferencesRequest),
    MessageRule(
        pb.UpdatePreferencesRequest,
        {
            "recipient_id": RECIPIENT_ID,
            "preferences": _PREFERENCES,
            "update_mask": field_mask("channels", "rules"),
        },
    ),
    MessageRule(
        pb.MuteRequest,
        {"recipient_id": RECIPIENT_ID, "target": _MUTE_TARGET, "until_time": timestamp},
        required=("target",),
    ),
    MessageRule(
        pb.UnmuteRequest,
        {"recipient_id": RECIPIENT_ID, "target": _MUTE_TARGET},
        required=("target",),
    ),
)
