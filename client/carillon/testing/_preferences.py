"""What recipients want."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from carillon.testing import _limits as limits
from carillon.testing._caller import Caller
from carillon.testing._entry import now_utc, to_datetime, to_timestamp
from carillon.testing._refusal import refuse
from carillon.testing._store import Store
from carillon.v1 import preference_service_pb2 as pb

_FIELDS = ("channels", "rules")
_MAX_RULES = 500
_MAX_MUTES = 200


def get_preferences(
    store: Store, caller: Caller, request: pb.GetPreferencesRequest
) -> pb.GetPreferencesResponse:
    """With the mutes that still hold."""
    return pb.GetPreferencesResponse(preferences=_current(store, caller.address(request.recipient_id)))


def update_preferences(
    store: Store, caller: Caller, request: pb.UpdatePreferencesRequest
) -> pb.UpdatePreferencesResponse:
    """Replaces whole fields."""
    recipient_id = caller.address(request.recipient_id)
    wanted = request.preferences
    limits.enforce(_violations(wanted))
    preferences = _current(store, recipient_id)
    for field in _masked(request):
        preferences.ClearField(field)  # type: ignore[arg-type]  # one of _FIELDS
        getattr(preferences, field).extend(getattr(wanted, field))
    return pb.UpdatePreferencesResponse(preferences=_keep(store, recipient_id, preferences))


def mute(store: Store, caller: Caller, request: pb.MuteRequest) -> pb.MuteResponse:
    """The same target again moves its end."""
    recipient_id = caller.address(request.recipient_id)
    _check_target(request.target)
    if request.HasField("until_time") and to_datetime(request.until_time) <= now_utc():
        refuse("until_time", "is ahead")
    preferences = _without(_current(store, recipient_id), request.target)
    if len(preferences.mutes) >= _MAX_MUTES:
        refuse("target", "is one more than the 200 mutes that a recipient can have")
    preferences.mutes.add(
        target=request.target, until_time=request.until_time if request.HasField("until_time") else None
    )
    return pb.MuteResponse(preferences=_keep(store, recipient_id, preferences))


def unmute(store: Store, caller: Caller, request: pb.UnmuteRequest) -> pb.UnmuteResponse:
    """Nothing happens where the target is not muted."""
    recipient_id = caller.address(request.recipient_id)
    _check_target(request.target)
    preferences = _without(_current(store, recipient_id), request.target)
    return pb.UnmuteResponse(preferences=_keep(store, recipient_id, preferences))


def _current(store: Store, recipient_id: str) -> pb.Preferences:
    preferences = pb.Preferences()
    preferences.CopyFrom(store.preferences.get(recipient_id, preferences))
    now = now_utc()
    holding = [mute for mute in preferences.mutes if _holds(mute, now)]
    del preferences.mutes[:]
    preferences.mutes.extend(holding)
    return preferences


def _holds(mute: pb.ActiveMute, now: datetime) -> bool:
    return not mute.HasField("until_time") or to_datetime(mute.until_time) > now


def _keep(store: Store, recipient_id: str, preferences: pb.Preferences) -> pb.Preferences:
    preferences.update_time.CopyFrom(to_timestamp(now_utc()))
    store.profile(recipient_id)
    store.preferences[recipient_id] = preferences
    return preferences


def _without(preferences: pb.Preferences, target: pb.MuteTarget) -> pb.Preferences:
    others = [mute for mute in preferences.mutes if mute.target != target]
    del preferences.mutes[:]
    preferences.mutes.extend(others)
    return preferences


def _masked(request: pb.UpdatePreferencesRequest) -> list[str]:
    paths = list(request.update_mask.paths)
    if "*" in paths:
        return list(_FIELDS)
    unknown = [path for path in paths if path not in _FIELDS]
    limits.enforce(("update_mask", f"has no field {path}") for path in unknown)
    return paths or [field for field in _FIELDS if getattr(request.preferences, field)]


def _violations(wanted: pb.Preferences) -> Iterator[limits.Violation]:
    for index, switch in enumerate(wanted.channels):
        yield from limits.channel(f"preferences.channels[{index}].channel", switch.channel)
    for index, rule in enumerate(wanted.rules):
        yield from limits.type_name(f"preferences.rules[{index}].type", rule.type)
        yield from limits.channel(f"preferences.rules[{index}].channel", rule.channel)
    if len(wanted.rules) > _MAX_RULES:
        yield "preferences.rules", "has at most 500"
    if len({switch.channel for switch in wanted.channels}) < len(wanted.channels):
        yield "preferences.channels", "has at most one per channel"
    if len({(rule.type, rule.channel) for rule in wanted.rules}) < len(wanted.rules):
        yield "preferences.rules", "has at most one per type and channel"


def _check_target(target: pb.MuteTarget) -> None:
    match target.WhichOneof("target"):
        case "sender":
            limits.enforce(limits.text("target.sender", target.sender, 200, 1))
        case "thread_key":
            limits.enforce(limits.text("target.thread_key", target.thread_key, 200, 1))
        case "label":
            limits.enforce(limits.text("target.label.key", target.label.key, 64, 1))
        case "type":
            limits.enforce(limits.type_name("target.type", target.type))
        case _:
            refuse("target", "is required")
