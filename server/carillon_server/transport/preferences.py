"""`PreferenceService`."""

from __future__ import annotations

from carillon.v1 import preference_service_pb2 as pb
from carillon_server.services.preferences import PreferenceService
from carillon_server.transport.addressing import resolve_address
from carillon_server.transport.call import Call
from carillon_server.transport.convert.preferences import to_changes, to_preferences_message, to_target
from carillon_server.transport.instants import to_datetime

# The methods are named as the RPCs.
# ruff: noqa: N802


class PreferenceServicer:
    """What a recipient wants."""

    def __init__(self, preferences: PreferenceService) -> None:
        self._preferences = preferences

    async def GetPreferences(
        self, request: pb.GetPreferencesRequest, call: Call
    ) -> pb.GetPreferencesResponse:
        address = resolve_address(call, request.recipient_id)
        preferences = await self._preferences.get(address, timeout=call.remaining_seconds())
        return pb.GetPreferencesResponse(preferences=to_preferences_message(preferences))

    async def UpdatePreferences(
        self, request: pb.UpdatePreferencesRequest, call: Call
    ) -> pb.UpdatePreferencesResponse:
        address = resolve_address(call, request.recipient_id)
        channels, rules = to_changes(request)
        preferences = await self._preferences.update(
            address, channels=channels, rules=rules, timeout=call.remaining_seconds()
        )
        return pb.UpdatePreferencesResponse(preferences=to_preferences_message(preferences))

    async def Mute(self, request: pb.MuteRequest, call: Call) -> pb.MuteResponse:
        address = resolve_address(call, request.recipient_id)
        until = to_datetime(request.until_time) if request.HasField("until_time") else None
        target = to_target(request.target)
        preferences = await self._preferences.mute(address, target, until, timeout=call.remaining_seconds())
        return pb.MuteResponse(preferences=to_preferences_message(preferences))

    async def Unmute(self, request: pb.UnmuteRequest, call: Call) -> pb.UnmuteResponse:
        address = resolve_address(call, request.recipient_id)
        target = to_target(request.target)
        preferences = await self._preferences.unmute(address, target, timeout=call.remaining_seconds())
        return pb.UnmuteResponse(preferences=to_preferences_message(preferences))
