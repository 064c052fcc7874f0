"""One server process, as its supervisor sees it."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress

from carillon_server.embedded.process import spawn
from carillon_server.processes import snapshot
from carillon_server.processes.errors import ProcessesError
from carillon_server.processes.line import MAX_LINE_BYTES, READY, TELL_METRICS
from carillon_server.processes.snapshot import Snapshot

_POLL_SECONDS = 0.02
_LAST_WORDS_SECONDS = 2.0


class Member:
    """A process and the line to it. Made by `start`."""

    def __init__(self, number: int, process: subprocess.Popen[bytes]) -> None:
        self.number = number
        self.last: Snapshot = ()
        self.started = time.monotonic()
        self._asked: float | None = None
        self._process = process
        self._ready = asyncio.Event()
        self._told = asyncio.Event()
        self._writer: asyncio.StreamWriter | None = None
        self._listening: asyncio.Task[None] | None = None

    @classmethod
    async def start(cls, number: int, command: Sequence[str], environment: Mapping[str, str]) -> Member:
        """Starts `command` with its number and the line's descriptor; does not wait until it is ready."""
        ours, theirs = socket.socketpair()
        with theirs:
            words = (*command, str(number), str(theirs.fileno()))
            # Killed with its supervisor, it cannot hold the port against the next one.
            process = spawn(words, environment=os.environ | environment, keep=(theirs.fileno(),))
        member = cls(number, process)
        reader, member._writer = await asyncio.open_connection(sock=ours, limit=MAX_LINE_BYTES)
        member._listening = asyncio.create_task(member._listen(reader), name=f"process-{number}")
        return member

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def ready(self) -> bool:
        """Whether it takes calls."""
        return self._ready.is_set() and self._process.poll() is None

    @property
    def silent_seconds(self) -> float:
        """How long a question has been waiting for its answer."""
        return 0.0 if self._asked is None else time.monotonic() - self._asked

    @property
    def exit_code(self) -> int | None:
        """As `subprocess` has it: a signal is negative; None while it runs."""
        return self._process.poll()

    async def until_ready(self, timeout_seconds: float) -> None:
        """Returns when it takes calls; raises `ProcessesError` if it ends instead, or takes too long."""
        deadline = time.monotonic() + timeout_seconds
        while not self._ready.is_set():
            if self.exit_code is not None:
                raise ProcessesError(
                    f"server process {self.number} ended while it started (exit code {self.exit_code}); "
                    "what it said is above",
                    self.exit_code,
                )
            if time.monotonic() > deadline:
                raise ProcessesError(f"server process {self.number} is not ready in {timeout_seconds:.0f} s")
            await asyncio.sleep(_POLL_SECONDS)

    async def until_ended(self) -> None:
        """Returns when the process is gone and its last words are taken in."""
        while self._process.poll() is None:  # noqa: ASYNC110 - nothing tells that a process ended
            await asyncio.sleep(_POLL_SECONDS)
        if self._listening is not None:
            await asyncio.wait([self._listening], timeout=_LAST_WORDS_SECONDS)
            self._listening.cancel()
        if self._writer is not None:
            self._writer.close()

    async def refresh(self, timeout_seconds: float) -> None:
        """Asks for its metrics; `last` stays as it is where no answer comes in time."""
        if not self.ready or self._writer is None:
            return
        self._asked = self._asked or time.monotonic()
        self._told.clear()
        self._writer.write(TELL_METRICS)
        with suppress(TimeoutError):
            await asyncio.wait_for(self._told.wait(), timeout_seconds)

    async def finish(self, number: signal.Signals, timeout_seconds: float) -> bool:
        """Asks it to end and waits; kills it after the timeout. Whether it ended well by itself."""
        self._signal(number)
        try:
            await asyncio.wait_for(self.until_ended(), timeout_seconds)
        except TimeoutError:
            self.kill()
            await self.until_ended()
        # Before it is ready it has nothing to finish, nor anything that would hear the signal.
        return self.exit_code == 0 or not self._ready.is_set()

    def kill(self) -> None:
        """Ends it at once."""
        self._signal(signal.SIGKILL)

    def _signal(self, number: signal.Signals) -> None:
        if self._process.poll() is None:
            self._process.send_signal(number)

    async def _listen(self, reader: asyncio.StreamReader) -> None:
        with suppress(OSError):
            while line := await reader.readline():
                if line == READY:
                    self._ready.set()
                elif line.endswith(b"\n"):  # killed in mid-word it leaves half a line
                    self.last = snapshot.read(line)
                    self._asked = None
                    self._told.set()
