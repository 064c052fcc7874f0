"""Ends streams whose credentials ended: a stream may outlive the call that opened it by days."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TypeAlias

from carillon_server import telemetry
from carillon_server.domain.errors import Reason, Refusal
from carillon_server.domain.identity import Principal
from carillon_server.realtime.hub import Hub
from carillon_server.realtime.mailbox import Mailbox
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
        for number, (principal, mailboxes) in enumerate(self._by_principal().items()):
            if number % _SLICE == 0:
                await asyncio.sleep(0)
            if _expired(principal, self._clock()):
                _end(mailboxes, "the credentials have expired")
            elif not await self._holds(principal):
                _end(mailboxes, "the credentials were revoked")

    def _by_principal(self) -> dict[Principal, list[Mailbox]]:
        grouped: defaultdict[Principal, list[Mailbox]] = defaultdict(list)
        for mailbox in self._hub.mailboxes():
            grouped[mailbox.principal].append(mailbox)
        return grouped

    async def _holds(self, principal: Principal) -> bool:
        try:
            return await self._recheck(principal)
        except Refusal as refusal:
            telemetry.get_logger().warning("stream.recheck_failed", reason=refusal.reason.value)
            return True


def _expired(principal: Principal, now: datetime) -> bool:
    return principal.expire_time is not None and principal.expire_time <= now


def _end(mailboxes: list[Mailbox], message: str) -> None:
    for mailbox in mailboxes:
        mailbox.end(Refusal(Reason.CREDENTIALS_INVALID, message))
