"""Switches, rules and mute targets as people type them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, TypeAlias

import typer

from carillon_server.cli.names import ChannelName
from carillon_server.cli.values import parse_pairs

if TYPE_CHECKING:
    from carillon.types import MuteTarget, Preferences
    from carillon.v1.preference_service_pb2 import Preferences as HeldPreferences

Switches: TypeAlias = Mapping[ChannelName, bool]
Rules: TypeAlias = Mapping[tuple[str, ChannelName], bool]


def parse_switches(texts: Iterable[str]) -> Switches:
    """`email=off`."""
    choices = (_choice(text, "--channel") for text in texts)
    return {_channel(subject, "--channel"): enabled for subject, enabled in choices}


def parse_rules(texts: Iterable[str]) -> Rules:
    """`scan.completed:email=off`."""
    rules: dict[tuple[str, ChannelName], bool] = {}
    for text in texts:
        subject, enabled = _choice(text, "--rule")
        kind, _, channel = subject.rpartition(":")
        if not kind:
            raise typer.BadParameter(f"{text!r}: write TYPE:CHANNEL=on or =off.", param_hint="--rule")
        rules[kind, _channel(channel, "--rule")] = enabled
    return rules


def changed_preferences(held: HeldPreferences, switches: Switches, rules: Rules) -> Preferences:
    """What is held, with these in place of those of the same channel and type."""
    from carillon.v1.types_pb2 import Channel

    def number(channel: ChannelName) -> int:
        return Channel.Value(f"CHANNEL_{channel.name}")

    channels: dict[int, bool] = {switch.channel: switch.enabled for switch in held.channels}
    channels |= {number(channel): enabled for channel, enabled in switches.items()}
    by_type: dict[tuple[str, int], bool] = {(rule.type, rule.channel): rule.enabled for rule in held.rules}
    by_type |= {(kind, number(channel)): enabled for (kind, channel), enabled in rules.items()}
    return {
        "channels": [{"channel": channel, "enabled": on} for channel, on in channels.items()],
        "rules": [
            {"type": kind, "channel": channel, "enabled": on} for (kind, channel), on in by_type.items()
        ],
    }


def mute_target(sender: str, thread: str, label: str, kind: str) -> MuteTarget:
    """Exactly one of the four."""
    if sum(map(bool, (sender, thread, label, kind))) != 1:
        raise typer.BadParameter("name exactly one.", param_hint="--sender, --thread, --label or --type")
    if sender:
        return {"sender": sender}
    if thread:
        return {"thread_key": thread}
    if kind:
        return {"type": kind}
    [(key, value)] = parse_pairs([label]).items()
    return {"label": {"key": key, "value": value}}


def _choice(text: str, option: str) -> tuple[str, bool]:
    subject, _, choice = text.rpartition("=")
    if not subject or choice not in ("on", "off"):
        raise typer.BadParameter(f"{text!r}: end with =on or =off.", param_hint=option)
    return subject, choice == "on"


def _channel(text: str, option: str) -> ChannelName:
    if text not in list(ChannelName):
        raise typer.BadParameter(f"{text!r} is none of {', '.join(ChannelName)}.", param_hint=option)
    return ChannelName(text)
