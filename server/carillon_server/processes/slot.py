"""One place among the servers of a port: who stands in it is replaced on ending, or when somebody asks."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeAlias

from carillon_server import telemetry
from carillon_server.embedded.backoff import Backoff
from carillon_server.processes.errors import ProcessesError
from carillon_server.processes.ledger import Ledger
from carillon_server.processes.member import Member
from carillon_server.processes.metrics import restarts

Start: TypeAlias = Callable[[int], Awaitable[Member]]
"""Starts a process with this number."""

_START_TIMEOUT_SECONDS = 60.0
_POLL_SECONDS = 0.05
_MAX_QUICK_ENDS = 5


class Slot:
    """Keeps one server running. `finish_seconds` is how long one may take to end."""

    def __init__(self, number: int, start: Start, ledger: Ledger, finish_seconds: float) -> None:
        self.number = number
        self._start = start
        self._ledger = ledger
        self._finish_seconds = finish_seconds
        self._members: list[Member] = []
        self._current: Member | None = None
        self._changing = asyncio.Lock()
        self._backoff = Backoff()

    @property
    def ready(self) -> bool:
        """Whether somebody in it takes calls."""
        return any(member.ready for member in self._members)

    @property
    def members(self) -> Sequence[Member]:
        """Who stands in it: mostly one, two while one takes over from the other, none between two."""
        return tuple(self._members)

    async def fill(self) -> None:
        """Starts a server, which has the place once it takes calls. `ProcessesError` if it never does."""
        member = await self._start(self.number)
        self._members.append(member)
        try:
            await member.until_ready(_START_TIMEOUT_SECONDS)
        except ProcessesError:
            member.kill()
            await self._bury(member)
            raise
        self._current = member

    async def keep(self, may_give_up: Callable[[], bool]) -> None:
        """Replaces who ends, until cancelled.

        Raises `ProcessesError` when one after the other ends at once, where it `may_give_up`.
        """
        while True:
            await asyncio.sleep(_POLL_SECONDS)
            async with self._changing:
                if self._current is not None and self._current.exit_code is not None:
                    await self._replace(self._current, may_give_up)

    async def renew(self) -> None:
        """Puts a new server in the place of the old one, which then leaves.

        Raises `ProcessesError`, with the old one still there, if the new one never takes calls.
        """
        async with self._changing:
            old = self._current
            await self.fill()
        if old is not None:
            await self._end(old, signal.SIGHUP)

    async def stop(self) -> bool:
        """Ends who stands in it; whether they ended well."""
        ended = await asyncio.gather(*(self._end(member, signal.SIGTERM) for member in self._members))
        return all(ended)

    async def _replace(self, ended: Member, may_give_up: Callable[[], bool]) -> None:
        await self._bury(ended)
        lived_seconds, exit_code = time.monotonic() - ended.started, ended.exit_code
        while not self.ready:
            delay_seconds = self._backoff.after(lived_seconds)
            if self._backoff.quick_ends >= _MAX_QUICK_ENDS and may_give_up():
                raise ProcessesError("server processes keep ending at once; what they said is above")
            telemetry.get_logger().warning(
                "process.ended", process=self.number, exit_code=exit_code, restart_seconds=delay_seconds
            )
            await asyncio.sleep(delay_seconds)
            lived_seconds, exit_code = 0.0, None
            try:
                await self.fill()
            except ProcessesError as error:
                exit_code = error.exit_code
        restarts.inc()

    async def _end(self, member: Member, number: signal.Signals) -> bool:
        well = await member.finish(number, self._finish_seconds)
        await self._bury(member)
        return well

    async def _bury(self, member: Member) -> None:
        await member.until_ended()
        if member in self._members:
            self._members.remove(member)
            self._ledger.close(self.number, member.last)
