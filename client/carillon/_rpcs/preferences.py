"""What a recipient wants."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from carillon._message import message
from carillon._rpc import rpc
from carillon.types import MuteTargetLike, PreferencesLike
from carillon.v1 import preference_service_pb2 as pb

SERVICE = "carillon.v1.PreferenceService"


@rpc(SERVICE, "GetPreferences", pb.GetPreferencesResponse)
def get_preferences(*, recipient_id: str = "") -> pb.GetPreferencesRequest:
    """Returns the preferences; the empty ones for a recipient that never set any."""
    return message(pb.GetPreferencesRequest, recipient_id=recipient_id)


@rpc(SERVICE, "UpdatePreferences", pb.UpdatePreferencesResponse)
def update_preferences(
    *, preferences: PreferencesLike, update_mask: Sequence[str] = (), recipient_id: str = ""
) -> pb.UpdatePreferencesRequest:
    """Replaces the fields named in `update_mask` (`channels`, `rules`, or `*`); without one, those that are
    not empty.

    Holds for every send answered after it.
    """
    return message(
        pb.UpdatePreferencesRequest,
        recipient_id=recipient_id,
        preferences=preferences,
        update_mask=update_mask or None,
    )


@rpc(SERVICE, "Mute", pb.MuteResponse)
def mute(
    *, target: MuteTargetLike, until_time: datetime | None = None, recipient_id: str = ""
) -> pb.MuteRequest:
    """Mutes a sender, thread, label or type, until unmuted or until `until_time`. The same target again
    moves its end."""
    return message(pb.MuteRequest, recipient_id=recipient_id, target=target, until_time=until_time)


@rpc(SERVICE, "Unmute", pb.UnmuteResponse)
def unmute(*, target: MuteTargetLike, recipient_id: str = "") -> pb.UnmuteRequest:
    """Takes a mute away."""
    return message(pb.UnmuteRequest, recipient_id=recipient_id, target=target)
