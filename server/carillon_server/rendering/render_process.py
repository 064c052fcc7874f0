"""One render process, seen from the server.

It is started with a clean slate: `python -I`, an empty environment, one socket and nothing else. It ends by
itself when that socket does, so none outlives its server, however that ended.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from typing import Any

from carillon_server.domain.rendering import MAX_RENDER_SECONDS
from carillon_server.rendering import frames
from carillon_server.rendering.template.failure import MEMORY, TIME

_START_SECONDS = 30.0
_ANSWER_SECONDS = MAX_RENDER_SECONDS * 8
"""Without any answer for this long by the clock, it is killed. Its limit is 250 ms of the processor, which it
keeps by itself; on a machine with much else to do that may take a while.
"""
_END_SECONDS = 1.0
_NO_ENVIRONMENT: dict[str, str] = {}
_TIME_SIGNALS = frozenset({signal.SIGVTALRM, signal.SIGPROF, signal.SIGXCPU})


class ProcessEndedError(Exception):
    """It ended with work in its hands."""

    def __init__(self, problem: str, *, certain: bool, innocent: bool = False, killed: bool = False) -> None:
        super().__init__(problem)
        self.problem = problem
        """`time` or `memory`."""
        self.certain = certain
        """False: the machine may have been at fault."""
        self.innocent = innocent
        """It has answered for the job that broke the limit; what is left had no part in it."""
        self.killed = killed
        """Somebody else ended it: its own limits never do it like this."""


class ProcessSilentError(Exception):
    """It could not be started."""


class RenderProcess:
    """Takes one message at a time."""

    def __init__(
        self, process: subprocess.Popen[bytes], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._process = process
        self._reader = reader
        self._writer = writer

    @property
    def pid(self) -> int:
        """Its number."""
        return self._process.pid

    @classmethod
    async def start(cls) -> RenderProcess:
        """Raises `ProcessSilentError`."""
        ours, theirs = socket.socketpair()
        with theirs:
            # Not to be cancelled half-way: a process that nobody knows would be left.
            spawning = asyncio.create_task(asyncio.to_thread(_spawn, theirs))
            try:
                process = await asyncio.shield(spawning)
            except asyncio.CancelledError:
                ours.close()
                await _put_down(await spawning)
                raise
            except OSError as error:
                ours.close()
                raise ProcessSilentError(f"no process could be started: {error.strerror}") from error
        return await cls._meet(process, ours)

    @classmethod
    async def _meet(cls, process: subprocess.Popen[bytes], ours: socket.socket) -> RenderProcess:
        """Waits until it is ready."""
        ours.setblocking(False)
        try:
            reader, writer = await asyncio.open_unix_connection(sock=ours, limit=frames.MAX_FRAME_BYTES)
        except BaseException:
            ours.close()
            await _put_down(process)
            raise
        started = cls(process, reader, writer)
        try:
            await started._read(_START_SECONDS)
        except ProcessEndedError as error:
            raise ProcessSilentError("a render process did not start") from error
        except BaseException:
            await started.stop()
            raise
        return started

    async def exchange(self, message: bytes) -> AsyncIterator[dict[str, Any]]:
        """The answers to a message as they come; the caller stops asking when it has all. Raises
        `ProcessEndedError`.
        """
        with contextlib.suppress(ConnectionError):
            # What cannot be written is told by what cannot be read.
            self._writer.write(message)
        while True:
            yield await self._read(_ANSWER_SECONDS)

    async def stop(self) -> int:
        """Ends it at once; its exit code."""
        self._writer.close()
        return await _put_down(self._process)

    async def _read(self, timeout_seconds: float) -> dict[str, Any]:
        try:
            async with asyncio.timeout(timeout_seconds):
                head = await self._reader.readexactly(frames.HEAD_BYTES)
                body = await self._reader.readexactly(frames.length_of(head))
            message: dict[str, Any] = frames.unpack(body)
            return message
        except TimeoutError:
            await self.stop()
            raise ProcessEndedError(TIME, certain=False) from None
        except (asyncio.IncompleteReadError, ConnectionError, ValueError):
            raise await self._explain() from None

    async def _explain(self) -> ProcessEndedError:
        """Why it ended. What its libraries cannot have they end for."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            await asyncio.to_thread(self._process.wait, _END_SECONDS)
        killed = self._process.poll() == -signal.SIGKILL
        code = await self.stop()
        problem = TIME if -code in _TIME_SIGNALS else MEMORY
        return ProcessEndedError(problem, certain=code < 0 and not killed, killed=killed)


async def _put_down(process: subprocess.Popen[bytes]) -> int:
    """Ends it and takes its exit code, whatever becomes of who asked; nothing is left of it."""
    process.kill()
    return await asyncio.shield(asyncio.create_task(asyncio.to_thread(process.wait)))


def _spawn(theirs: socket.socket) -> subprocess.Popen[bytes]:
    """Without forking this process: Python starts programs by vfork and exec."""
    return subprocess.Popen(
        [sys.executable, "-I", "-m", "carillon_server.rendering.process"],
        stdin=theirs.fileno(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=_NO_ENVIRONMENT,
        cwd="/",
        start_new_session=True,
    )
