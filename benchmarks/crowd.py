"""Many people in front of their screens, shared out over several processes of the load generator."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from benchmarks.service import Service
from carillon import AsyncClient
from carillon.v1 import notification_service_pb2 as pb
from carillon.v1 import types_pb2

STREAMS = int(os.environ.get("CARILLON_BENCH_STREAMS", "10000"))
ALL = f"{STREAMS:,} streams"
_PROCESSES = 4
_BATCH = 500
# What clients get that ask for none.
_HEARTBEAT_SECONDS = 25
_LONGEST_SECONDS = 60.0
_LOOK_SECONDS = 0.25
_LINE_BYTES = 64 * 1024 * 1024


@dataclass
class Crowd:
    """The processes, and what their screens have told so far."""

    processes: Sequence[Process]
    opened_seconds: float = 0.0
    live: int = 0
    failures: int = 0
    resets: int = 0
    asked: list[float] = field(default_factory=list)
    begun: list[float | None] = field(default_factory=list)
    numbers: Counter[int] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)

    @property
    def pids(self) -> list[int]:
        return [process.pid for process in self.processes]

    @property
    def streams(self) -> list[tuple[float, float]]:
        """When each that is live said something for the first time, and when it was asked for."""
        both = zip(self.begun, self.asked, strict=True)
        return [(begun, asked) for begun, asked in both if begun is not None]

    async def open(self) -> None:
        """All streams at once; returns when each has said something."""
        started = time.monotonic()
        for process in self.processes:
            _write(process, "open")
        await self.all_live()
        self.opened_seconds = max(each for each in self.begun if each is not None) - started

    async def all_live(self) -> None:
        """Raises TimeoutError when some do not come back."""
        async with asyncio.timeout(_LONGEST_SECONDS):
            await self.look()
            while self.live < STREAMS:
                await asyncio.sleep(_LOOK_SECONDS)
                await self.look()

    async def all_told(self, numbers: Sequence[int], patience_seconds: float = 10.0) -> None:
        """Returns when all of these came, or nothing came for so long."""
        quiet_since = time.monotonic()
        while time.monotonic() - quiet_since < patience_seconds:
            before = self.numbers.total()
            await self.look()
            if self.numbers.keys() >= set(numbers):
                return
            if self.numbers.total() > before:
                quiet_since = time.monotonic()
            await asyncio.sleep(_LOOK_SECONDS)

    async def look(self) -> None:
        """Asks all processes."""
        for process in self.processes:
            _write(process, "look")
        answers = [await _read(process) for process in self.processes]
        self.live, self.failures, self.resets = (
            sum(answer[name] for answer in answers) for name in ("live", "failures", "resets")
        )
        self.asked = [each for answer in answers for each in answer["asked"]]
        self.begun = [each for answer in answers for each in answer["begun"]]
        for answer in answers:
            self.numbers.update(answer["numbers"])
            self.seconds += answer["seconds"]


def person(number: int) -> str:
    """The name of one of the crowd."""
    return f"watcher-{number:05}"


async def prepare_crowd(service: Service, name_of: Callable[[int], str] = person) -> None:
    """Each has an inbox with something in it."""
    content = types_pb2.Content(title="Welcome", body="This is where notifications show.")
    async with AsyncClient(service.target, token=service.producer, timeout_seconds=60) as producer:
        for start in range(0, STREAMS, _BATCH):
            numbers = range(start, min(start + _BATCH, STREAMS))
            requests = [
                pb.SendRequest(
                    request_id=f"welcome-{name_of(number)}",
                    recipient_ids=[name_of(number)],
                    type="welcome",
                    content=content,
                )
                for number in numbers
            ]
            await producer.send_batch(requests=requests)


@asynccontextmanager
async def crowd(
    service: Service,
    target: str,
    people: int = STREAMS,
    heartbeat_seconds: int = _HEARTBEAT_SECONDS,
    niceness: int = 0,
) -> AsyncIterator[Crowd]:
    """Whose streams are yet to be opened. Fewer people have several devices each; nice ones let everything
    else run first.
    """
    processes: list[Process] = []
    try:
        for number in range(_PROCESSES):
            tokens = [
                service.sign(person(each % people), "inbox") for each in range(number, STREAMS, _PROCESSES)
            ]
            path = service.directory / f"tokens-{number}.json"
            path.write_text(json.dumps(tokens))
            command = [
                sys.executable,
                "-m",
                "benchmarks.screens",
                target,
                str(path),
                str(heartbeat_seconds),
                str(niceness),
            ]
            processes.append(
                await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE, limit=_LINE_BYTES)
            )
        for process in processes:
            assert process.stdout is not None
            await process.stdout.readline()
        yield Crowd(processes)
    finally:
        for process in processes:
            await _end(process)


def _write(process: Process, command: str) -> None:
    assert process.stdin is not None
    process.stdin.write(f"{command}\n".encode())


async def _read(process: Process) -> Mapping[str, Any]:
    assert process.stdout is not None
    answer: Mapping[str, Any] = json.loads(await process.stdout.readline())
    return answer


async def _end(process: Process) -> None:
    assert process.stdin is not None
    process.stdin.close()
    try:
        async with asyncio.timeout(_LONGEST_SECONDS):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
