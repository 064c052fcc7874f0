"""Ends streams whose credentials ended: a stream may outlive the call that opened it by days."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
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
"""Whether credentials that were verified once are neither expired nor revoked. Raises `Refusal` when that
cannot be told now.
"""


class CredentialWatch:
    """Looks at the credentials of all streams every few seconds."""

    def __init__(self, hub: Hub, recheck: Recheck, clock: Clock) -> None:
        self._hub = hub
        self._recheck = recheck
        self._clock = clock

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await asyncio.sleep(CHECK_SECONDS)
            await self.check()

    async def check(self) -> None:
        """Ends streams whose credentials do not hold. Where that cannot be told, streams stay."""
        verdicts: dict[str, bool] = {}
        for number, mailbox in enumerate(self._hub.mailboxes()):
            if number % _SLICE == 0:
                await asyncio.sleep(0)
            if not await self._holds_once(mailbox.principal, verdicts):
                refusal = Refusal(Reason.CREDENTIALS_INVALID, "the credentials have expired or were revoked")
                mailbox.end(refusal)

    async def _holds_once(self, principal: Principal, verdicts: dict[str, bool]) -> bool:
        """One question per credential and round: a gateway has thousands of streams. Tokens under one id may
        end at different times, so their end is no part of the question.
        """
        if principal.expire_time is not None and principal.expire_time <= self._clock():
            return False
        known = verdicts.get(principal.credential_id) if principal.credential_id else None
        if known is None:
            known = verdicts[principal.credential_id] = await self._holds(principal)
        return known

    async def _holds(self, principal: Principal) -> bool:
        try:
            return await self._recheck(principal)
        except Refusal as refusal:
            telemetry.get_logger().warning("stream.recheck_failed", reason=refusal.reason.value)
            return True
