"""What happens to Redis while streams are open; each is over when its context ends."""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import redis.asyncio as redis

from tests.eventually import eventually
from tests.faults.installation import Installation

_ANSWERS_SECONDS = 30


async def _answers(installation: Installation) -> bool:
    return installation.valkey.running and installation.valkey.answers()


@asynccontextmanager
async def _signalled(installation: Installation, number: signal.Signals) -> AsyncIterator[None]:
    pid = installation.valkey.pid
    assert pid is not None
    os.kill(pid, number)
    yield


async def _back(installation: Installation) -> None:
    async def answers() -> bool:
        return await _answers(installation)

    await eventually(answers, _ANSWERS_SECONDS)


@asynccontextmanager
async def killed(installation: Installation) -> AsyncIterator[None]:
    async with _signalled(installation, signal.SIGKILL):
        yield
    await _back(installation)


@asynccontextmanager
async def restarted(installation: Installation) -> AsyncIterator[None]:
    async with _signalled(installation, signal.SIGTERM):
        yield
    await _back(installation)


@asynccontextmanager
async def frozen(installation: Installation) -> AsyncIterator[None]:
    """Connections stay, and nothing comes."""
    pid = installation.valkey.pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


@asynccontextmanager
async def cut(installation: Installation) -> AsyncIterator[None]:
    """Every connection, by Redis itself."""
    async with redis.Redis.from_url(installation.valkey.url) as client:
        for kind in ("pubsub", "normal"):
            await client.execute_command("CLIENT", "KILL", "TYPE", kind, "SKIPME", "yes")
    yield


@asynccontextmanager
async def losing(installation: Installation) -> AsyncIterator[None]:
    """Hints are taken and reach nobody."""
    assert installation.redis is not None
    installation.redis.losing = True
    try:
        yield
    finally:
        installation.redis.losing = False


FAULTS: Mapping[str, Callable[[Installation], AbstractAsyncContextManager[None]]] = {
    "losing": losing,
    "frozen": frozen,
    "killed": killed,
    "cut": cut,
    "restarted": restarted,
}
KILLS = ("killed", "restarted")
