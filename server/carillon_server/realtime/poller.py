"""The safety net under the hints: compares what streams were told with Postgres.

A hint can be lost in many ways, and none of them is an error: every few seconds one query per thousand
connected inboxes finds those that moved on unnoticed. That alone keeps streams alive while Redis is away. A
change may be found while its hint is still on the way, so what is found waits a moment before it counts as
missed.

While Postgres is away nothing is found, streams stay as they are, and the first answer lets those read that
could not.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence

from carillon_server import telemetry
from carillon_server.domain.errors import Refusal
from carillon_server.realtime.hub import Hub
from carillon_server.storage.changes import Position, compare_versions
from carillon_server.storage.database import Database
from carillon_server.storage.installation import Installation

_BATCH = 1_000
_HINT_GRACE_SECONDS = 0.1
# When thousands of streams open together, one query serves many of them.
_GATHER_SECONDS = 0.02


class Poller:
    """Runs a round every `interval_seconds`, and at once for inboxes that are named to it."""

    def __init__(
        self, hub: Hub, database: Database, installation: Installation, interval_seconds: float
    ) -> None:
        self._hub = hub
        self._database = database
        self._installation = installation
        self._interval_seconds = interval_seconds
        self._named: set[bytes] = set()
        self._woken = asyncio.Event()
        self._away = False

    def check_soon(self, inbox_ids: Collection[bytes]) -> None:
        """For inboxes whose hints may have been lost just now."""
        self._named.update(inbox_ids)
        self._woken.set()

    async def run(self) -> None:
        """Until cancelled."""
        next_round = 0.0
        loop = asyncio.get_running_loop()
        while True:
            if loop.time() >= next_round:
                next_round = loop.time() + self._interval_seconds
                self._named.clear()
                await self._guarded_round(list(self._hub.rooms), whole=True)
            elif self._named:
                await asyncio.sleep(_GATHER_SECONDS)
                named, self._named = self._named, set()
                await self._guarded_round(list(named), whole=False)
            self._woken.clear()
            if not self._named:
                await self._sleep_until(next_round)

    async def _sleep_until(self, when: float) -> None:
        try:
            async with asyncio.timeout_at(when):
                await self._woken.wait()
        except TimeoutError:
            return

    async def _guarded_round(self, inbox_ids: Sequence[bytes], *, whole: bool) -> None:
        try:
            if whole and self._hub.rooms and await self._installation.refresh():
                self._hub.start_afresh()
            await self._compare(inbox_ids)
        except Refusal as refusal:
            if not self._away:
                telemetry.get_logger().warning("poller.postgres_away", reason=refusal.reason.value)
            self._away = True
        else:
            self._away = False
            self._hub.retry_stalled()

    async def _compare(self, inbox_ids: Sequence[bytes]) -> None:
        ahead: dict[bytes, Position | None] = {}
        for start in range(0, len(inbox_ids), _BATCH):
            told = self._hub.positions(inbox_ids[start : start + _BATCH])
            if told:
                found = await compare_versions(self._database, list(told), list(told.values()))
                self._notice_return(told, found)
                ahead.update(self._hub.untold(found))
        if not ahead:
            return
        await asyncio.sleep(_HINT_GRACE_SECONDS)
        for inbox_id, position in self._hub.untold(ahead).items():
            telemetry.hints_missed.inc()
            self._hub.observe(inbox_id, position)

    def _notice_return(self, told: Mapping[bytes, Position], found: Mapping[bytes, Position | None]) -> None:
        """What streams were told was committed before the query began: Postgres cannot be behind it, unless
        it was put back to an older state.
        """
        for inbox_id, position in found.items():
            epoch, version = told[inbox_id]
            if position is not None and position[0] == epoch and position[1] < version:
                self._hub.forget(inbox_id)
