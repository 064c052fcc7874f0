"""Sends the streams of a stopping process elsewhere, spread out so that they do not all come back at once."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from random import Random

from carillon_server.domain.errors import Unavailable
from carillon_server.realtime.hub import Hub

_STEP_SECONDS = 0.05
_MAX_RECONNECT_DELAY_SECONDS = 2.0
_GRACE_SECONDS = 1.0


async def drain(hub: Hub, seconds: float, rng: Random) -> None:
    """Tells every stream, over `seconds`, to reconnect after a random delay, and ends them.

    New streams are refused meanwhile. Streams whose readers take nothing are ended at the end.
    """
    hub.draining = True
    mailboxes = hub.mailboxes()
    rng.shuffle(mailboxes)
    steps = max(1, int(seconds / _STEP_SECONDS))
    for step in range(steps):
        for mailbox in mailboxes[step::steps]:
            mailbox.drain(rng.uniform(0, _MAX_RECONNECT_DELAY_SECONDS))
        if hub.rooms and step < steps - 1:
            await asyncio.sleep(_STEP_SECONDS)
    with suppress(TimeoutError):
        async with asyncio.timeout(_GRACE_SECONDS):
            await hub.empty.wait()
    for mailbox in hub.mailboxes():
        mailbox.end(Unavailable("the server is about to stop"))
