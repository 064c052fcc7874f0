"""Start, stop and find processes that must not outlive their supervisor."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path

from carillon_server.embedded.errors import EmbeddedError

_LEASH = Path(__file__).with_name("leash.py")
_POLL_SECONDS = 0.02
_MAX_LOG_BYTES = 64 * 1024 * 1024
SAME_USER = "same"


def spawn(
    command: Sequence[str | Path],
    *,
    log: Path | None = None,
    death_signal: signal.Signals = signal.SIGKILL,
    run_as: str = SAME_USER,
    environment: Mapping[str, str] | None = None,
    directory: Path | None = None,
    keep: Sequence[int] = (),
) -> subprocess.Popen[bytes]:
    """Start a command that gets `death_signal` when this process ends, and the open files `keep`.

    Its output is appended to `log`, or goes where that of this process goes.

    Only the main thread may call this: the kernel ties the signal to the calling thread. The command runs in
    a session of its own, so that Ctrl-C on the terminal reaches the supervisor alone, which then stops things
    in order.
    """
    if threading.current_thread() is not threading.main_thread():
        raise RuntimeError("only the main thread may start processes")
    leash = (sys.executable, "-I", "-S", _LEASH, str(os.getpid()), str(int(death_signal)), run_as)
    with log.open("ab") if log else nullcontext() as output:
        return subprocess.Popen(
            [*leash, *command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT if log else None,
            start_new_session=True,
            env=environment,
            cwd=directory,
            pass_fds=keep,
        )


def stop(process: subprocess.Popen[bytes], gentle: signal.Signals, timeout_seconds: float) -> None:
    """Ask the process to end and wait; kill it after the timeout."""
    if process.poll() is None:
        process.send_signal(gentle)
    wait_or_kill(process, timeout_seconds)


def wait_or_kill(process: subprocess.Popen[bytes], timeout_seconds: float) -> None:
    """Wait for the process to end; kill it after the timeout."""
    try:
        process.wait(timeout_seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def stop_leftovers(directory: Path, program: str, leader: int | None, gentle: signal.Signals) -> None:
    """End processes of a supervisor that died: those that run `program` in `directory`.

    The leader is asked first. A process is known by where it works, never by a number in a file, which
    may belong to somebody else by now. Where there is no /proc nothing is found.
    """
    running = processes_in(directory, program)
    for pid in running:
        _signal(pid, signal.SIGCONT)  # a stopped process would not hear
    if leader in running:
        _signal(leader, gentle)
    if _wait_until(lambda: not processes_in(directory, program), 10):
        return
    for pid in processes_in(directory, program):
        _signal(pid, signal.SIGKILL)
    if not _wait_until(lambda: not processes_in(directory, program), 5):
        raise EmbeddedError(f"a {program} left over in {directory} cannot be stopped")


def processes_in(directory: Path, program: str) -> set[int]:
    """The processes named `program` whose working directory is `directory`."""
    place = str(directory.resolve())
    return {int(entry.name) for entry in Path("/proc").glob("[0-9]*") if _runs(entry, program, place)}


def _runs(entry: Path, program: str, place: str) -> bool:
    try:
        return (entry / "comm").read_text().strip() == program and str((entry / "cwd").readlink()) == place
    except OSError:
        return False


def _signal(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


def _wait_until(condition: Callable[[], bool], timeout_seconds: float) -> bool:
    deadline = time.monotonic() + timeout_seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_SECONDS)
    return True


def tail(log: Path, lines: int = 5) -> str:
    """The last lines of a log, for an error message."""
    text = log.read_text(errors="replace") if log.exists() else ""
    return "\n".join(text.splitlines()[-lines:]) or "(it logged nothing)"


def trim(log: Path) -> None:
    """Empty a log that has grown too long; who writes to it goes on at its new end."""
    if log.stat().st_size > _MAX_LOG_BYTES:
        os.truncate(log, 0)
