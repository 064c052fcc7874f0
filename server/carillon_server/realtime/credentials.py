"""Ends streams whose credentials ended: a stream may outlive the call that opened it by days."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TypeAlias

from carillon_server import telemetry
from carillon_server.domain.errors import Reason, Refusal
from carillon_server.domain.identity import Principal
from carillon_server.realtime.hub import Hub
from carillon_server.services.ports import Clock

CHECK_SECONDS = 2.0
# Between slices the event loop does other work.
_SLICE = 200

Recheck: TypeAlias = Callable[[Principal], Awaitable[bool]]
"""Whether credentials that were verified once still hold. Raises `Refusal` when it cannot be told now."""


class CredentialWatch:
    """Looks at the credentials of all streams every few seconds."""

    def __init__(self, hub: Hub, clock: Clock, recheck: Recheck) -> None:
        self._hub = hub
        self._clock = clock
        self._recheck = recheck

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await asyncio.sleep(CHECK_SECONDS)
            await self.check()

    async def check(self) -> None:
        """Ends what expired or was revoked. Where that cannot be told, streams stay."""
        verdicts: dict[str, bool] = {}
        for number, mailbox in enumerate(self._hub.mailboxes()):
            if number % _SLICE == 0:
                await asyncio.sleep(0)
            principal = mailbox.principal
            if _expired(principal, self._clock()):
                mailbox.end(_refusal("the credentials have expired"))
            elif not await self._holds_once(principal, verdicts):
                mailbox.end(_refusal("the credentials were revoked"))

    async def _holds_once(self, principal: Principal, verdicts: dict[str, bool]) -> bool:
        """One question per credential and round: a gateway has thousands of streams."""
        known = verdicts.get(principal.credential_id) if principal.credential_id else None
        if known is not None:
            return known
        holds = verdicts[principal.credential_id] = await self._holds(principal)
        return holds

    async def _holds(self, principal: Principal) -> bool:
        try:
            return await self._recheck(principal)
        except Refusal as refusal:
            telemetry.get_logger().warning("stream.recheck_failed", reason=refusal.reason.value)
            return True


def _expired(principal: Principal, now: datetime) -> bool:
    return principal.expire_time is not None and principal.expire_time <= now


def _refusal(message: str) -> Refusal:
    return Refusal(Reason.CREDENTIALS_INVALID, message)
