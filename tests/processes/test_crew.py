"""Servers are replaced when they end or hang, at the pace of the backoff, until it is of no use."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from carillon_server.processes.crew import Crew
from carillon_server.processes.errors import ProcessesError
from carillon_server.processes.member import Member
from tests.eventually import eventually

# Each is ready when it has started, unless the file says otherwise: it is what a server does next.
_SERVER = """
import os, signal, socket, sys, time
name, number, descriptor = sys.argv[1:]
line = socket.socket(fileno=int(descriptor))
def end(*_):
    line.sendall(b'[["calls", "", "counter", [["calls_total", [], 1.0]]]]\\n')
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
signal.signal(signal.SIGHUP, end)
with open(name) as file:
    todo = file.read()
if todo == "end":
    sys.exit(7)
line.sendall(b"ready\\n")
if todo == "end after":
    sys.exit(8)
while line.recv(100):
    line.sendall(b'[["calls", "", "counter", [["calls_total", [], 1.0]]]]\\n')
"""


class Program:
    """Small servers that do what a file says."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._todo = directory / "todo"
        self.says("serve")
        (directory / "small_server.py").write_text(_SERVER)
        self.started: list[Member] = []

    def says(self, todo: str) -> None:
        self._todo.write_text(todo)

    async def start(self, number: int) -> Member:
        command = (sys.executable, str(self._directory / "small_server.py"), str(self._todo))
        member = await Member.start(number, command, {})
        self.started.append(member)
        return member

    @property
    def running(self) -> list[Member]:
        return [member for member in self.started if member.exit_code is None]


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Program]:
    program = Program(tmp_path)
    yield program
    for member in program.started:
        member.kill()


@asynccontextmanager
async def kept(program: Program, **settings: float) -> AsyncIterator[tuple[Crew, asyncio.Task[None]]]:
    """Two servers that are being kept."""
    crew = Crew(2, program.start, finish_seconds=10, **settings)
    await crew.start()
    keeping = asyncio.create_task(crew.keep())
    try:
        yield crew, keeping
    finally:
        keeping.cancel()
        await asyncio.wait([keeping])
        await crew.stop()


async def calls(crew: Crew) -> float:
    return sum(sample.value for metric in await crew.collect() for sample in metric.samples)


async def test_one_that_ends_is_replaced_with_its_number(program: Program) -> None:
    async with kept(program) as (crew, _):
        first, second = program.started
        assert await calls(crew) == 2
        os.kill(first.pid, signal.SIGKILL)

        async def replaced() -> bool:
            return len(program.started) == 3 and program.started[2].ready

        await eventually(replaced, 10)
        assert program.started[2].number == first.number
        assert program.running == [second, program.started[2]]
        assert await calls(crew) == 3


async def test_one_that_hangs_is_replaced(program: Program) -> None:
    async with kept(program, silent_seconds=1) as (_, _keeping):
        os.kill(program.started[0].pid, signal.SIGSTOP)

        async def replaced() -> bool:
            return len(program.started) == 3 and program.started[2].ready

        await eventually(replaced, 20)
        assert program.started[0].exit_code == -signal.SIGKILL
        assert program.started[1].ready


async def test_while_one_lives_the_other_is_tried_again_and_again(program: Program) -> None:
    async with kept(program) as (_, keeping):
        program.says("end")
        os.kill(program.started[0].pid, signal.SIGKILL)

        async def tried_often() -> bool:
            return len(program.started) >= 8

        await eventually(tried_often, 30)
        assert not keeping.done()
        program.says("serve")

        async def both_run() -> bool:
            return len([member for member in program.running if member.ready]) == 2

        await eventually(both_run, 30)


async def test_when_none_lives_and_each_ends_at_once_it_gives_up(program: Program) -> None:
    async with kept(program) as (_, keeping):
        program.says("end")
        for member in program.started:
            os.kill(member.pid, signal.SIGKILL)
        with pytest.raises(ProcessesError, match="keep ending at once"):
            await asyncio.wait_for(asyncio.shield(keeping), 30)
    assert program.running == []


async def test_one_that_ends_before_all_are_ready_is_an_error(program: Program) -> None:
    program.says("end")
    crew = Crew(2, program.start, finish_seconds=10)
    with pytest.raises(ProcessesError, match=r"ended while it started \(exit code 7\)"):
        await crew.start()
    await crew.stop()
    assert program.running == []


async def test_who_leaves_tells_what_it_counted_last(program: Program) -> None:
    async with kept(program) as (crew, _):
        await crew.renew()
        assert [member.exit_code for member in program.started] == [0, 0, None, None]
        assert await calls(crew) == 4


async def test_a_stop_that_none_hears_ends_in_a_kill(program: Program) -> None:
    crew = Crew(1, program.start, finish_seconds=0.5)
    await crew.start()
    os.kill(program.started[0].pid, signal.SIGSTOP)
    assert not await crew.stop()
    assert program.running == []
