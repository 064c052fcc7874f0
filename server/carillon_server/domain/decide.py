"""Whether a notification goes out on a channel, and why. Pure: the same input gives the same answer, so it
can be explained later.

The first rule that speaks decides: the actor is never told of their own act; a mute silences every channel;
a rule for the type on the channel wins over the channel's switch, and over what the type does by default;
then the endpoint and the provider must exist; then the sender's or the default choice holds. Of what a
recipient says against it, nothing holds where the type is mandatory.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from enum import IntEnum
from typing import NamedTuple

from carillon_server.domain.channel import Channel
from carillon_server.domain.preferences import MuteKind, MuteTarget, Preferences
from carillon_server.domain.type_policy import NO_POLICY, TypePolicy
from carillon_server.domain.value import dataclass


class Verdict(IntEnum):
    """What is done on a channel; the numbers are those of the API."""

    SEND = 1
    DEFER = 2
    SUPPRESS = 3


class DecisionReason(IntEnum):
    """Why; the numbers are those of the API."""

    DEFAULT = 1
    REQUESTED = 2
    TYPE_RULE = 3
    CHANNEL_SWITCH = 4
    MUTED = 5
    NO_ENDPOINT = 6
    CHANNEL_NOT_CONFIGURED = 7
    ACTOR = 8
    SCHEDULED = 9
    FALLBACK = 10
    MANDATORY = 11
    TYPE_DEFAULT = 12


class Decision(NamedTuple):
    """What is done on one channel, and why."""

    channel: Channel
    verdict: Verdict
    reason: DecisionReason
    until_time: datetime | None = None
    rule: str = ""


@dataclass(frozen=True, slots=True)
class Subject:
    """What is to be decided about: the parts of a notification that rules look at."""

    type: str
    actor_id: str
    thread_key: str
    labels: Mapping[str, str]
    channels: Sequence[Channel]
    """Named by the sender; empty: those that the type offers."""
    deliver_time: datetime | None
    """In the future: when the sender wants it out."""
    fallback_channels: Sequence[Channel] = ()
    """Wanted beside the others, as parts of chains."""
    policy: TypePolicy = NO_POLICY


def decide(
    subject: Subject,
    recipient_id: str,
    preferences: Preferences,
    reachable: Collection[int],
    configured: Collection[Channel],
    now: datetime,
) -> list[Decision]:
    """One decision per channel. `reachable`: channels with an endpoint; `configured`: channels with a
    provider.
    """
    channels = list(
        dict.fromkeys((*(subject.channels or subject.policy.channels), *subject.fallback_channels))
    )
    if subject.actor_id and subject.actor_id == recipient_id:
        return [Decision(channel, Verdict.SUPPRESS, DecisionReason.ACTOR) for channel in channels]
    mute = find_mute(subject, preferences, now)
    if mute is not None and not subject.policy.mandatory:
        rule = _mute_rule(mute)
        return [Decision(channel, Verdict.SUPPRESS, DecisionReason.MUTED, rule=rule) for channel in channels]
    return [
        _decide_channel(subject, channel, preferences, mute, reachable, configured) for channel in channels
    ]


@dataclass(frozen=True, slots=True)
class _Choice:
    """What sender, type and recipient want of a channel."""

    wanted: bool
    reason: DecisionReason
    rule: str = ""


_NAMED = _Choice(True, DecisionReason.REQUESTED)
_ON = _Choice(True, DecisionReason.DEFAULT)
_OFF = _Choice(False, DecisionReason.TYPE_DEFAULT)


def _decide_channel(
    subject: Subject,
    channel: Channel,
    preferences: Preferences,
    mute: MuteTarget | None,
    reachable: Collection[int],
    configured: Collection[Channel],
) -> Decision:
    choice = _choose(subject, channel, preferences, mute)
    if not choice.wanted:
        return Decision(channel, Verdict.SUPPRESS, choice.reason, rule=choice.rule)
    if channel not in configured:
        return Decision(channel, Verdict.SUPPRESS, DecisionReason.CHANNEL_NOT_CONFIGURED)
    if channel is not Channel.IN_APP and channel not in reachable:
        return Decision(channel, Verdict.SUPPRESS, DecisionReason.NO_ENDPOINT)
    if subject.deliver_time is not None:
        return Decision(channel, Verdict.DEFER, DecisionReason.SCHEDULED, until_time=subject.deliver_time)
    return Decision(channel, Verdict.SEND, choice.reason, rule=choice.rule)


def _choose(subject: Subject, channel: Channel, preferences: Preferences, mute: MuteTarget | None) -> _Choice:
    default, wish = _default(subject, channel), _wish(subject, channel, preferences)
    if not subject.policy.mandatory:
        return wish or default
    if wish is not None and wish.wanted:
        return wish
    overruled = _mute_rule(mute) if mute else wish.rule if wish else ""
    if overruled and default.wanted:
        return _Choice(True, DecisionReason.MANDATORY, overruled)
    return default


def _default(subject: Subject, channel: Channel) -> _Choice:
    """As the sender and the type want it."""
    if subject.channels or channel in subject.fallback_channels:
        return _NAMED
    return _ON if subject.policy.channels.get(channel, False) else _OFF


def _wish(subject: Subject, channel: Channel, preferences: Preferences) -> _Choice | None:
    """As the recipient wants it; None: says nothing."""
    type_rule = preferences.rules.get((subject.type, channel))
    if type_rule is not None:
        return _Choice(type_rule, DecisionReason.TYPE_RULE, f"type {subject.type} on {channel.name}")
    if preferences.channels.get(channel) is False:
        return _Choice(False, DecisionReason.CHANNEL_SWITCH, f"channel {channel.name}")
    return None


def find_mute(subject: Subject, preferences: Preferences, now: datetime) -> MuteTarget | None:
    """The mute that holds at `now`, if any."""
    if not preferences.mutes:
        return None
    for target in _mutable_parts(subject):
        if target in preferences.mutes:
            until = preferences.mutes[target]
            if until is None or until > now:
                return target
    return None


def _mutable_parts(subject: Subject) -> list[MuteTarget]:
    parts = [MuteTarget(MuteKind.TYPE, subject.type)]
    if subject.actor_id:
        parts.append(MuteTarget(MuteKind.SENDER, subject.actor_id))
    if subject.thread_key:
        parts.append(MuteTarget(MuteKind.THREAD, subject.thread_key))
    parts.extend(MuteTarget(MuteKind.LABEL, key, value) for key, value in subject.labels.items())
    return parts


def _mute_rule(mute: MuteTarget) -> str:
    value = f"={mute.value}" if mute.kind is MuteKind.LABEL else ""
    return f"mute {mute.kind} {mute.key}{value}"
