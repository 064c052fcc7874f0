"""Whether a notification goes out on a channel, and why. The first rule that speaks decides."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from carillon.testing._entry import to_datetime
from carillon.v1 import preference_service_pb2, types_pb2
from carillon.v1.catalog_service_pb2 import NotificationType
from carillon.v1.notification_service_pb2 import SendRequest

_DEFAULT_CHANNELS = (types_pb2.CHANNEL_IN_APP, types_pb2.CHANNEL_EMAIL)
_CONFIGURED_CHANNELS = _DEFAULT_CHANNELS


_Choice: TypeAlias = tuple[bool, types_pb2.DecisionReason.ValueType]
"""Whether it is wanted, and who says so."""


def decide(
    request: SendRequest,
    recipient_id: str,
    preferences: preference_service_pb2.Preferences,
    reachable: Collection[int],
    now: datetime,
    kind: NotificationType | None = None,
) -> list[types_pb2.Decision]:
    """One decision for each channel of a send. `reachable`: channels on which there is an endpoint; `kind`:
    its type, where the tenant has it.
    """
    policy = _Policy.of(request, kind)
    channels = list(dict.fromkeys([*(request.channels or policy.offered), *policy.chained]))
    if request.actor_id == recipient_id:
        return [_suppress(channel, types_pb2.DECISION_REASON_ACTOR) for channel in channels]
    muted = _is_muted(request, preferences, now)
    if muted and not policy.mandatory:
        return [_suppress(channel, types_pb2.DECISION_REASON_MUTED) for channel in channels]
    decisions = []
    for channel in channels:
        choice = _choose(request, channel, preferences, policy, muted=muted)
        decisions.append(_decide_channel(request, channel, reachable, now, choice))
    _hold_back(request, decisions, now)
    return decisions


@dataclass(frozen=True, slots=True)
class _Policy:
    """What type and sender say."""

    offered: Mapping[int, bool]
    mandatory: bool
    chained: frozenset[int]

    @classmethod
    def of(cls, request: SendRequest, kind: NotificationType | None) -> _Policy:
        """Of a send, and its type."""
        chained = frozenset(channel for fallback in request.fallbacks for channel in fallback.channels)
        offered: dict[int, bool] = dict.fromkeys(_DEFAULT_CHANNELS, True)
        if kind is not None and kind.channels:
            offered = {each.channel: each.enabled for each in kind.channels}
        return cls(offered, kind is not None and kind.mandatory, chained)


def _hold_back(request: SendRequest, decisions: list[types_pb2.Decision], now: datetime) -> None:
    """Of each chain of fallbacks the first channel that would go out does."""
    for fallback in request.fallbacks:
        going_out = {each.channel: each for each in decisions if each.verdict == types_pb2.VERDICT_SEND}
        chain = [going_out[channel] for channel in fallback.channels if channel in going_out]
        for rank, decision in enumerate(chain[1:], start=1):
            decision.verdict = types_pb2.VERDICT_DEFER
            decision.reason = types_pb2.DECISION_REASON_FALLBACK
            if after := fallback.after.ToTimedelta():
                decision.until_time.FromDatetime(now + rank * after)


def _choose(
    request: SendRequest,
    channel: int,
    preferences: preference_service_pb2.Preferences,
    policy: _Policy,
    *,
    muted: bool,
) -> _Choice:
    """Whether it is wanted, and who says so."""
    rules: dict[tuple[str, int], bool] = {
        (each.type, each.channel): each.enabled for each in preferences.rules
    }
    switches: dict[int, bool] = {each.channel: each.enabled for each in preferences.channels}
    wanted, reason = policy.offered.get(channel, False), types_pb2.DECISION_REASON_TYPE_DEFAULT
    if request.channels or channel in policy.chained:
        wanted, reason = True, types_pb2.DECISION_REASON_REQUESTED
    elif wanted:
        reason = types_pb2.DECISION_REASON_DEFAULT
    rule = rules.get((request.type, channel))
    if rule:
        return True, types_pb2.DECISION_REASON_TYPE_RULE
    refused = rule is False or switches.get(channel) is False
    if policy.mandatory:
        return wanted, types_pb2.DECISION_REASON_MANDATORY if wanted and (refused or muted) else reason
    if rule is False:
        return False, types_pb2.DECISION_REASON_TYPE_RULE
    return (False, types_pb2.DECISION_REASON_CHANNEL_SWITCH) if refused else (wanted, reason)


def _decide_channel(
    request: SendRequest,
    channel: int,
    reachable: Collection[int],
    now: datetime,
    choice: _Choice,
) -> types_pb2.Decision:
    wanted, reason = choice
    if not wanted:
        return _suppress(channel, reason)
    if channel not in _CONFIGURED_CHANNELS:
        return _suppress(channel, types_pb2.DECISION_REASON_CHANNEL_NOT_CONFIGURED)
    if channel != types_pb2.CHANNEL_IN_APP and channel not in reachable:
        return _suppress(channel, types_pb2.DECISION_REASON_NO_ENDPOINT)
    number = types_pb2.Channel.ValueType(channel)
    if request.HasField("deliver_time") and to_datetime(request.deliver_time) > now:
        return types_pb2.Decision(
            channel=number,
            verdict=types_pb2.VERDICT_DEFER,
            reason=types_pb2.DECISION_REASON_SCHEDULED,
            until_time=request.deliver_time,
        )
    return types_pb2.Decision(channel=number, verdict=types_pb2.VERDICT_SEND, reason=reason)


def _suppress(channel: int, reason: types_pb2.DecisionReason.ValueType) -> types_pb2.Decision:
    number = types_pb2.Channel.ValueType(channel)
    return types_pb2.Decision(channel=number, verdict=types_pb2.VERDICT_SUPPRESS, reason=reason)


def _is_muted(request: SendRequest, preferences: preference_service_pb2.Preferences, now: datetime) -> bool:
    holding = [
        mute.target
        for mute in preferences.mutes
        if not mute.HasField("until_time") or to_datetime(mute.until_time) > now
    ]
    return any(_hits(target, request) for target in holding)


def _hits(target: preference_service_pb2.MuteTarget, request: SendRequest) -> bool:
    match target.WhichOneof("target"):
        case "sender":
            return target.sender == request.actor_id
        case "thread_key":
            return target.thread_key == request.thread_key
        case "label":
            return request.labels.get(target.label.key) == target.label.value
        case _:
            return target.type == request.type
