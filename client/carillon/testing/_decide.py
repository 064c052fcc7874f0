"""Whether a notification goes out on a channel, and why. The first rule that speaks decides."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from carillon.testing._entry import to_datetime
from carillon.v1 import preference_service_pb2, types_pb2
from carillon.v1.notification_service_pb2 import SendRequest

_DEFAULT_CHANNELS = (types_pb2.CHANNEL_IN_APP, types_pb2.CHANNEL_EMAIL)
_CONFIGURED_CHANNELS = _DEFAULT_CHANNELS


def decide(
    request: SendRequest,
    recipient_id: str,
    preferences: preference_service_pb2.Preferences,
    reachable: Collection[int],
    now: datetime,
) -> list[types_pb2.Decision]:
    """One decision for each channel of a send. `reachable`: channels on which there is an endpoint."""
    chained = [channel for fallback in request.fallbacks for channel in fallback.channels]
    channels = list(dict.fromkeys([*(request.channels or _DEFAULT_CHANNELS), *chained]))
    if request.actor_id == recipient_id:
        return [_suppress(channel, types_pb2.DECISION_REASON_ACTOR) for channel in channels]
    if _is_muted(request, preferences, now):
        return [_suppress(channel, types_pb2.DECISION_REASON_MUTED) for channel in channels]
    decisions = [_decide_channel(request, channel, preferences, reachable, now) for channel in channels]
    _hold_back(request, decisions, now)
    return decisions


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


def _decide_channel(
    request: SendRequest,
    channel: types_pb2.Channel.ValueType,
    preferences: preference_service_pb2.Preferences,
    reachable: Collection[int],
    now: datetime,
) -> types_pb2.Decision:
    rules = {(rule.type, rule.channel): rule.enabled for rule in preferences.rules}
    switches = {switch.channel: switch.enabled for switch in preferences.channels}
    chained = any(channel in fallback.channels for fallback in request.fallbacks)
    named = bool(request.channels) or chained
    reason = types_pb2.DECISION_REASON_REQUESTED if named else types_pb2.DECISION_REASON_DEFAULT
    rule = rules.get((request.type, channel))
    if rule is False:
        return _suppress(channel, types_pb2.DECISION_REASON_TYPE_RULE)
    if rule is None and switches.get(channel) is False:
        return _suppress(channel, types_pb2.DECISION_REASON_CHANNEL_SWITCH)
    if channel not in _CONFIGURED_CHANNELS:
        return _suppress(channel, types_pb2.DECISION_REASON_CHANNEL_NOT_CONFIGURED)
    if channel != types_pb2.CHANNEL_IN_APP and channel not in reachable:
        return _suppress(channel, types_pb2.DECISION_REASON_NO_ENDPOINT)
    if request.HasField("deliver_time") and to_datetime(request.deliver_time) > now:
        return types_pb2.Decision(
            channel=channel,
            verdict=types_pb2.VERDICT_DEFER,
            reason=types_pb2.DECISION_REASON_SCHEDULED,
            until_time=request.deliver_time,
        )
    reason = types_pb2.DECISION_REASON_TYPE_RULE if rule else reason
    return types_pb2.Decision(channel=channel, verdict=types_pb2.VERDICT_SEND, reason=reason)


def _suppress(
    channel: types_pb2.Channel.ValueType, reason: types_pb2.DecisionReason.ValueType
) -> types_pb2.Decision:
    return types_pb2.Decision(channel=channel, verdict=types_pb2.VERDICT_SUPPRESS, reason=reason)


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
