"""Sends at a steady rate by a process of its own, to people of the crowd."""

from __future__ import annotations

import asyncio
import json
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmarks.crowd import STREAMS, person
from benchmarks.service import Service


@dataclass(frozen=True)
class Sent:
    """What came of it."""

    answered: Sequence[int]
    latencies: Sequence[float]
    """Of the sends themselves, in seconds."""
    delays: Sequence[float]
    """How much later than planned each was made: that is the load generator's own."""
    failures: Mapping[str, int]
    """By what was said instead of an answer."""


EVERYBODY = [person(number) for number in range(STREAMS)]


async def start_sending(
    service: Service, target: str, per_second: float, sends: int, people: Sequence[str] = EVERYBODY
) -> Process:
    """To people drawn at random."""
    command = [sys.executable, "-m", "benchmarks.pace", target, str(per_second), str(sends)]
    process = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE)
    assert process.stdin is not None
    process.stdin.write(f"{json.dumps(service.producer)}\n{json.dumps([*people])}\n".encode())
    return process


async def finish_sending(process: Process) -> Sent:
    """Waits until all are answered."""
    output, _ = await asyncio.wait_for(process.communicate(), 120)
    return Sent(**json.loads(output))
