"""Processes of clients beside a drill: thousands of streams in its own process would delay all that it does.

They take questions and give answers, a line of JSON each, and end when nobody can ask any more.
"""

from __future__ import annotations

import asyncio
import json
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeAlias

Words: TypeAlias = dict[str, Any]

_ROOT = Path(__file__).resolve().parents[2]
_LINE_BYTES = 64 * 1024 * 1024
_ANSWER_SECONDS = 300


class Helper:
    """The drill's end."""

    def __init__(self, process: Process) -> None:
        self._process = process

    @classmethod
    @asynccontextmanager
    async def running(cls, module: str, **beginning: Any) -> AsyncIterator[Helper]:
        """Runs a module of these tests; `beginning` is the first line that it gets."""
        command = (sys.executable, "-m", f"tests.faults.{module}", json.dumps(beginning))
        process = await asyncio.create_subprocess_exec(
            *command, stdin=PIPE, stdout=PIPE, cwd=_ROOT, limit=_LINE_BYTES
        )
        try:
            yield cls(process)
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()

    async def ask(self, question: str, **details: Any) -> Words:
        """Waits for the answer."""
        reader, writer = self._process.stdout, self._process.stdin
        assert reader is not None
        assert writer is not None
        writer.write(json.dumps({"question": question, **details}).encode() + b"\n")
        async with asyncio.timeout(_ANSWER_SECONDS):
            line = await reader.readline()
        assert line, f"the helper ended instead of an answer to {question!r}"
        answer: Words = json.loads(line)
        return answer


def beginning() -> Words:
    """The helper's end: what it was started with."""
    words: Words = json.loads(sys.argv[1])
    return words


async def answer_all(**answers: Callable[[Words], Awaitable[Words]]) -> None:
    """Answers questions by their names, until the drill is over."""
    reader = asyncio.StreamReader(limit=_LINE_BYTES)
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), sys.stdin.buffer
    )
    while line := await reader.readline():
        words = json.loads(line)
        answer = await answers[words["question"]](words)
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()
