"""Who takes how much of the processors while sends come."""

from __future__ import annotations

import asyncio
import os
import time
from asyncio.subprocess import Process
from collections.abc import Sequence

from benchmarks.figure import Figure
from benchmarks.paced import Sent, finish_sending
from benchmarks.service import Service
from benchmarks.usage import cpu_seconds, family_seconds, loop_seconds

_CORES = os.cpu_count() or 1


class Meter:
    """Of a server, of the engines behind it, of the load generator."""

    def __init__(self, name: str, service: Service, server: int, screens: Sequence[int]) -> None:
        self._name = name
        self._server = server
        self._screens = screens
        self._postgres, self._valkey = service.engine_pids

    async def watch(self, sending: Process) -> tuple[list[Figure], Sent]:
        """Until it has sent everything."""
        before, started, sender = self._seconds(), time.monotonic(), 0.0
        finished = asyncio.create_task(finish_sending(sending))
        while not finished.done():
            await asyncio.wait([finished], timeout=0.2)
            sender = _seconds_of(sending.pid, sender)
        seconds, after = time.monotonic() - started, self._seconds()
        used = {name: after[name] - before[name] for name in after} | {"load generator, sends": sender}
        return [self._figure(who, of_it / seconds) for who, of_it in used.items()], await finished

    def _figure(self, who: str, cores: float) -> Figure:
        return Figure(f"{self._name}: {who}", cores * 100, _CORES * 100, "% of a core", cores / _CORES, "")

    def _seconds(self) -> dict[str, float]:
        loop = loop_seconds(self._server)
        return {
            "event loop of the server": loop,
            "other threads of the server": cpu_seconds([self._server]) - loop,
            "Postgres": family_seconds(self._postgres),
            "Valkey": family_seconds(self._valkey),
            "load generator, screens": cpu_seconds(self._screens),
        }


def _seconds_of(pid: int, last: float) -> float:
    """The same as last time for one that has ended."""
    try:
        return cpu_seconds([pid])
    except OSError:
        return last
