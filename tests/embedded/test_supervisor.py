"""Children are started again when they end, at the pace of the backoff, and die with their supervisor."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from carillon_server.embedded.child import Child
from carillon_server.embedded.errors import EmbeddedError
from carillon_server.embedded.process import trim
from carillon_server.embedded.supervisor import Supervisor
from tests.eventually import wait_until

# Modules to run with -m. Each writes a number when it has started.
_LIVES = "import os, sys, time; print(os.getpid(), flush=True); time.sleep(60)"
_FINISHES = """
import signal
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
print(1, flush=True)
signal.sigwait([signal.SIGTERM])
print(2)
"""
_ENDS = "import os; print(os.getpid(), flush=True); raise SystemExit('no good')"


class Program:
    """Makes children that run a few lines of Python."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self.children: list[Child] = []

    def child(self, name: str, source: str) -> Child:
        (self._directory / f"{name}_program.py").write_text(source)
        child = Child(name, [f"{name}_program"], self._directory, {"PYTHONPATH": str(self._directory)})
        self.children.append(child)
        child.spawn()
        return child


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Program]:
    program = Program(tmp_path)
    yield program
    for child in program.children:
        child.stop()


def starts(child: Child) -> list[str]:
    return [line for line in child.log.read_text().splitlines() if line.isdigit()]


def supervise(child: Child, until_starts: int) -> list[str]:
    """Run a supervisor over one child until it was started this often; what was reported."""
    stopping = threading.Event()
    reports: list[str] = []

    def stop_when_done() -> None:
        wait_until(lambda: len(starts(child)) >= until_starts)
        stopping.set()

    watcher = threading.Thread(target=stop_when_done)
    watcher.start()
    Supervisor([child], reports.append).run(stopping, lambda: None)
    watcher.join()
    return reports


def test_a_killed_child_is_started_again(program: Program) -> None:
    child = program.child("server", _LIVES)
    wait_until(lambda: starts(child))
    os.kill(int(starts(child)[0]), signal.SIGKILL)
    supervise(child, until_starts=2)
    assert child.running


def test_a_child_that_keeps_ending_is_started_ever_later(program: Program) -> None:
    reports = supervise(program.child("worker", _ENDS), until_starts=4)
    delays = [float(report.split()[-2]) for report in reports]
    assert delays[:3] == [0.1, 0.2, 0.4]


def test_a_child_that_ends_while_others_wait_for_it_is_an_error_with_its_last_words(
    program: Program,
) -> None:
    child = program.child("server", _ENDS)
    wait_until(lambda: not child.running)
    with pytest.raises(EmbeddedError, match="no good"):
        child.is_ready()


def test_a_stopped_child_may_finish_its_work(program: Program) -> None:
    child = program.child("server", _FINISHES)
    wait_until(lambda: starts(child))
    child.stop()
    assert starts(child) == ["1", "2"]


def test_a_child_dies_with_its_supervisor(tmp_path: Path) -> None:
    (tmp_path / "server_program.py").write_text(_LIVES)
    source = (
        "import sys; from pathlib import Path; from carillon_server.embedded.child import Child;"
        "Child('server', ['server_program'], Path(sys.argv[1]), {'PYTHONPATH': sys.argv[1]}).spawn();"
        "sys.stdin.read()"
    )
    log = tmp_path / "server.log"
    with subprocess.Popen([sys.executable, "-c", source, tmp_path], stdin=subprocess.PIPE) as supervisor:
        wait_until(lambda: log.exists() and log.read_text().strip())
        supervisor.kill()
    pid = int(log.read_text())
    wait_until(lambda: not Path(f"/proc/{pid}/cwd").exists())


def test_a_log_that_grew_too_long_is_emptied(program: Program) -> None:
    child = program.child("server", _LIVES)
    wait_until(lambda: starts(child))
    os.truncate(child.log, 100 * 1024 * 1024)
    trim(child.log)
    assert child.log.stat().st_size == 0
