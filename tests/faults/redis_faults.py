"""What happens to Redis while streams are open; each is over when its context ends."""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial

import redis.asyncio as redis

from tests.eventually import eventually
from tests.faults.installation import Installation
from tests.faults.lossy_redis import LossyRedis

_ANSWERS_SECONDS = 30


def _pid(house: Installation) -> int:
    assert house.valkey.pid is not None
    return house.valkey.pid


def _proxy(house: Installation) -> LossyRedis:
    assert house.redis is not None, "the installation was not asked for it"
    return house.redis


async def _answers(house: Installation) -> bool:
    return house.valkey.running and house.valkey.answers()


@asynccontextmanager
async def _ended(number: signal.Signals, house: Installation) -> AsyncIterator[None]:
    """It is started again at once."""
    os.kill(_pid(house), number)
    yield
    await eventually(partial(_answers, house), _ANSWERS_SECONDS)


@asynccontextmanager
async def _away(house: Installation) -> AsyncIterator[None]:
    """Nothing listens there."""
    proxy = _proxy(house)
    proxy.refuse()
    proxy.cut()
    try:
        yield
    finally:
        proxy.heal()


@asynccontextmanager
async def _frozen(house: Installation) -> AsyncIterator[None]:
    """Connections stay, and nothing comes."""
    pid = _pid(house)
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


@asynccontextmanager
async def _cut(house: Installation) -> AsyncIterator[None]:
    """Every connection, by Redis itself."""
    async with redis.Redis.from_url(house.valkey.url) as client:
        for kind in ("pubsub", "normal"):
            await client.execute_command("CLIENT", "KILL", "TYPE", kind, "SKIPME", "yes")
    yield


@asynccontextmanager
async def _losing(house: Installation) -> AsyncIterator[None]:
    """Hints are taken and reach nobody."""
    proxy = _proxy(house)
    proxy.losing = True
    try:
        yield
    finally:
        proxy.losing = False


FAULTS: Mapping[str, Callable[[Installation], AbstractAsyncContextManager[None]]] = {
    "away": _away,
    "cut": _cut,
    "frozen": _frozen,
    "killed": partial(_ended, signal.SIGKILL),
    "losing": _losing,
    "restarted": partial(_ended, signal.SIGTERM),
}
KILLS = ("killed", "restarted")
