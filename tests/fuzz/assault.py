"""An attack under way: a child process that ends by itself."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from tests.fuzz.service import Service

_END_SECONDS = 15.0


@dataclass
class Assault:
    """What it did, known at its end."""

    done: int = 0


@asynccontextmanager
async def assault(
    service: Service, names: Sequence[str], seconds: float, token: str, share: float = 1.0
) -> AsyncIterator[Assault]:
    """Runs beside the body, which it may outlive by no more than its seconds, with a share of a processor."""
    figures = (str(service.port), str(seconds), str(share))
    command = [sys.executable, "-m", "tests.fuzz.attacks", *figures, *names]
    child = await asyncio.create_subprocess_exec(
        *command, env={**os.environ, "TOKEN": token}, stdout=asyncio.subprocess.PIPE
    )
    assert child.stdout is not None
    outcome = Assault()
    try:
        assert await child.stdout.readline() == b"begun\n"
        yield outcome
        async with asyncio.timeout(seconds + _END_SECONDS):
            told = await child.stdout.read()
            await child.wait()
        assert child.returncode == 0
        outcome.done = int(told)
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
