"""What recipients want."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime

from carillon_server.domain.channel import Channel
from carillon_server.domain.errors import FieldsInvalid
from carillon_server.domain.inbox import InboxAddress
from carillon_server.domain.preferences import MAX_MUTES, MuteTarget, Preferences
from carillon_server.services.ports import Clock
from carillon_server.storage.database import Database
from carillon_server.storage.preferences import change_preferences, fetch_preferences

_DEFAULT_TIMEOUT_SECONDS = 10.0

_Change = Callable[[Preferences], Preferences]


class PreferenceService:
    """Reads and changes preferences; a change holds for every Send answered after it."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def get(self, address: InboxAddress, *, timeout: float | None) -> Preferences:
        """The preferences with the mutes that still hold."""
        return self._current(await fetch_preferences(self._database, address, timeout=timeout))

    async def update(
        self,
        address: InboxAddress,
        *,
        channels: Mapping[Channel, bool] | None,
        rules: Mapping[tuple[str, Channel], bool] | None,
        timeout: float | None,
    ) -> Preferences:
        """Replaces what is given; None leaves as it is."""

        def change(preferences: Preferences) -> Preferences:
            return replace(
                preferences,
                channels=preferences.channels if channels is None else channels,
                rules=preferences.rules if rules is None else rules,
            )

        return await self._change(address, change, timeout)

    async def mute(
        self, address: InboxAddress, target: MuteTarget, until: datetime | None, *, timeout: float | None
    ) -> Preferences:
        """The same target again moves its end."""

        def change(preferences: Preferences) -> Preferences:
            mutes = {**self._current(preferences).mutes, target: until}
            if len(mutes) > MAX_MUTES:
                raise FieldsInvalid.of("target", f"a recipient can have {MAX_MUTES} mutes")
            return replace(preferences, mutes=mutes)

        return await self._change(address, change, timeout)

    async def unmute(
        self, address: InboxAddress, target: MuteTarget, *, timeout: float | None
    ) -> Preferences:
        """Nothing happens where the target is not muted."""

        def change(preferences: Preferences) -> Preferences:
            current = self._current(preferences)
            mutes = {muted: until for muted, until in current.mutes.items() if muted != target}
            return replace(preferences, mutes=mutes)

        return await self._change(address, change, timeout)

    async def _change(self, address: InboxAddress, change: _Change, timeout: float | None) -> Preferences:
        changed = await change_preferences(
            self._database, address, change, timeout_seconds=timeout or _DEFAULT_TIMEOUT_SECONDS
        )
        return self._current(changed)

    def _current(self, preferences: Preferences) -> Preferences:
        now = self._clock()
        mutes = {target: until for target, until in preferences.mutes.items() if until is None or until > now}
        return replace(preferences, mutes=mutes)
