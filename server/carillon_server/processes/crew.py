"""All servers of a port: started together, kept, renewed one by one, stopped together."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from prometheus_client import Metric

from carillon_server import telemetry
from carillon_server.processes import metrics
from carillon_server.processes.errors import ProcessesError
from carillon_server.processes.ledger import Ledger
from carillon_server.processes.member import Member
from carillon_server.processes.slot import Slot, Start
from carillon_server.processes.together import together

_LOOK_SECONDS = 5.0
_ANSWER_SECONDS = 1.0
_SILENT_SECONDS = 30.0


class Crew:
    """As many servers as there are slots. One may take `finish_seconds` to end, and be silent for
    `silent_seconds`.
    """

    def __init__(
        self, size: int, start: Start, *, finish_seconds: float, silent_seconds: float = _SILENT_SECONDS
    ) -> None:
        self._silent_seconds = silent_seconds
        self._ledger = Ledger()
        self._slots = [Slot(number, start, self._ledger, finish_seconds) for number in range(1, size + 1)]
        metrics.wanted.set(size)

    async def start(self) -> None:
        """Returns when all take calls; raises `ProcessesError` if one does not."""
        await together(*(slot.fill() for slot in self._slots))

    async def keep(self) -> None:
        """Replaces who ends or falls silent, until cancelled.

        Raises `ProcessesError` when nobody takes calls, and who is started ends at once.
        """
        await together(self._look(), *(slot.keep(self._nobody_is_ready) for slot in self._slots))

    async def renew(self) -> None:
        """Replaces all, one after the other. Where a successor does not come up it stops there."""
        logger = telemetry.get_logger()
        for slot in self._slots:
            try:
                await slot.renew()
            except ProcessesError as error:
                logger.error("processes.renewal_failed", process=slot.number, problem=str(error))
                return
            logger.info("process.renewed", process=slot.number)
        logger.info("processes.renewed")

    async def stop(self) -> bool:
        """Ends all together, each finishing its work; whether all ended well."""
        return all(await asyncio.gather(*(slot.stop() for slot in self._slots)))

    async def collect(self) -> Iterator[Metric]:
        """The metrics of all, now. Who does not answer counts with what it said last."""
        await self._refresh()
        return self._ledger.total((member.number, member.last) for member in self._members())

    async def _look(self) -> None:
        """What is counted between two looks is lost with a process that is killed."""
        while True:
            await asyncio.sleep(min(_LOOK_SECONDS, self._silent_seconds / 2))
            await self._refresh()
            self._kill_silent()

    async def _refresh(self) -> None:
        metrics.ready.set(sum(slot.ready for slot in self._slots))
        await asyncio.gather(*(member.refresh(_ANSWER_SECONDS) for member in self._members()))

    def _kill_silent(self) -> None:
        """The kernel goes on handing connections to a process that hangs."""
        for member in self._members():
            if member.ready and member.silent_seconds > self._silent_seconds:
                telemetry.get_logger().error(
                    "process.silent", process=member.number, silent_seconds=round(member.silent_seconds)
                )
                member.kill()

    def _members(self) -> list[Member]:
        return [member for slot in self._slots for member in slot.members]

    def _nobody_is_ready(self) -> bool:
        return not any(slot.ready for slot in self._slots)
