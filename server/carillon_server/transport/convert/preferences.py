"""Preferences."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from carillon.v1 import preference_service_pb2 as pb
from carillon.v1 import types_pb2
from carillon_server.domain.channel import Channel
from carillon_server.domain.preferences import MuteKind, MuteTarget, Preferences
from carillon_server.transport.instants import set_timestamp
from carillon_server.transport.validation.field_mask import EVERYTHING

Switches = Mapping[Channel, bool]
Rules = Mapping[tuple[str, Channel], bool]


def to_changes(request: pb.UpdatePreferencesRequest) -> tuple[Switches | None, Rules | None]:
    """The switches and the rules to set; None where they stay."""
    document = request.preferences
    named = set(request.update_mask.paths)
    everything = EVERYTHING in named
    switches = {Channel(switch.channel): switch.enabled for switch in document.channels}
    rules = {(rule.type, Channel(rule.channel)): rule.enabled for rule in document.rules}
    return (
        switches if everything or "channels" in named or (switches and not named) else None,
        rules if everything or "rules" in named or (rules and not named) else None,
    )


def to_target(message: pb.MuteTarget) -> MuteTarget:
    """What to mute."""
    match message.WhichOneof("target"):
        case "sender":
            return MuteTarget(MuteKind.SENDER, message.sender)
        case "thread_key":
            return MuteTarget(MuteKind.THREAD, message.thread_key)
        case "label":
            return MuteTarget(MuteKind.LABEL, message.label.key, message.label.value)
        case _:
            return MuteTarget(MuteKind.TYPE, message.type)


def to_preferences_message(preferences: Preferences) -> pb.Preferences:
    """Preferences as callers see them."""
    message = pb.Preferences(
        channels=[
            pb.ChannelSwitch(channel=_channel(channel), enabled=enabled)
            for channel, enabled in sorted(preferences.channels.items())
        ],
        rules=[
            pb.PreferenceRule(type=type_, channel=_channel(channel), enabled=enabled)
            for (type_, channel), enabled in sorted(preferences.rules.items())
        ],
        mutes=[_to_mute(target, until) for target, until in preferences.mutes.items()],
    )
    if preferences.update_time is not None:
        set_timestamp(message.update_time, preferences.update_time)
    return message


def _to_mute(target: MuteTarget, until: datetime | None) -> pb.ActiveMute:
    mute = pb.ActiveMute(target=_to_target_message(target))
    if until is not None:
        set_timestamp(mute.until_time, until)
    return mute


def _to_target_message(target: MuteTarget) -> pb.MuteTarget:
    match target.kind:
        case MuteKind.SENDER:
            return pb.MuteTarget(sender=target.key)
        case MuteKind.THREAD:
            return pb.MuteTarget(thread_key=target.key)
        case MuteKind.LABEL:
            return pb.MuteTarget(label=pb.Label(key=target.key, value=target.value))
        case MuteKind.TYPE:
            return pb.MuteTarget(type=target.key)


def _channel(channel: Channel) -> types_pb2.Channel.ValueType:
    return types_pb2.Channel.ValueType(channel)
