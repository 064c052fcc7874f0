"""Takes messages and answers them, one job after the other."""

from __future__ import annotations

import gc
import os
import time
from typing import Any

from carillon_server.rendering.process.channel import Channel
from carillon_server.rendering.process.examination import Examination
from carillon_server.rendering.process.jobs import Jobs
from carillon_server.rendering.process.limits import Limits
from carillon_server.rendering.process.walls import raise_walls
from carillon_server.rendering.template.failure import MEMORY, TIME, TimeUp
from carillon_server.rendering.wire import Json

_FLUSH_SECONDS = 0.005
"""Answers wait this long for others, so that whoever waits for the first of a batch does not wait for all."""
_SOCKET = 0


def run() -> int:
    """Until the parent closes its end, or a job has broken a limit: then this process is not used again."""
    channel, limits = Channel(_SOCKET), Limits()
    jobs = Jobs()
    jobs.warm_up()
    limits.settle()
    raise_walls()
    gc.freeze()
    try:
        channel.write({"ready": os.getpid()})
        while (message := channel.read()) is not None:
            if not _Exchange(channel, limits, jobs).answer(message):
                return 0
    except (BrokenPipeError, ConnectionResetError):
        return 0
    return 0


class _Exchange:
    """One message and its answers."""

    def __init__(self, channel: Channel, limits: Limits, jobs: Jobs) -> None:
        self._channel = channel
        self._limits = limits
        self._jobs = jobs
        self._answers: list[tuple[int, Json]] = []
        self._flush_at = time.monotonic() + _FLUSH_SECONDS

    def answer(self, message: Json) -> bool:
        """False: a limit was broken."""
        self._jobs.learn(message)
        for number, job in enumerate(message["jobs"]):
            if time.monotonic() > self._flush_at:
                self._flush()
            answer, broken = self._examine(job["check"]) if "check" in job else self._render(job, message)
            self._answers.append((number, answer))
            if broken:
                self._flush(last=broken)
                return False
        self._flush()
        return True

    def _render(self, job: Json, message: Json) -> tuple[Json, str]:
        """The answer, and the limit that was broken."""
        try:
            with self._limits.job():
                return self._jobs.render(job, message), ""
        except TimeUp as error:
            return self._jobs.broken(TIME, error), TIME
        except MemoryError as error:
            return self._jobs.broken(MEMORY, error), MEMORY

    def _examine(self, message: Json) -> tuple[Json, str]:
        examination = Examination(message, self._limits.job, lambda part: self._channel.write({"at": part}))
        examination.run()
        return examination.report(), examination.broken

    def _flush(self, *, last: str = "") -> None:
        frame: dict[str, Any] = {"answers": self._answers}
        if last:
            frame["last"] = last
        self._channel.write(frame)
        self._answers = []
        self._flush_at = time.monotonic() + _FLUSH_SECONDS
