"""What can go wrong: each strike harms something of an installation, drawn from random numbers."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Awaitable, Callable, Mapping
from random import Random
from typing import TypeAlias

import redis.asyncio as redis

from carillon_server.embedded.errors import EmbeddedError
from tests.faults.installation import Installation

Strike: TypeAlias = Callable[[Installation, Random], Awaitable[None] | None]

_SESSIONS_ENDED = 2
# Those that do something first.
_END_SESSIONS = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE usename = 'carillon' AND backend_type = 'client backend'
ORDER BY state = 'idle', hashint4(pid # {drawn}) LIMIT {count}
"""


def kill_server(installation: Installation, rng: Random) -> None:
    rng.choice(installation.servers).kill()


def kill_worker(installation: Installation, rng: Random) -> None:
    rng.choice(installation.workers).kill()


def kill_backend(installation: Installation, rng: Random) -> None:
    """One process of Postgres dies; Postgres ends all others and recovers from its log."""
    backends = installation.postgres_processes() - {installation.postgres.pid}
    if backends:
        _kill(rng.choice(sorted(backends)))


def kill_postmaster(installation: Installation, _rng: Random) -> None:
    if installation.postgres.pid is not None:
        _kill(installation.postgres.pid)


def crash_postgres(installation: Installation, _rng: Random) -> None:
    """All its processes die at once, so that none finishes the commit that it is at."""
    for pid in installation.postgres_processes():
        _kill(pid)


async def end_sessions(installation: Installation, rng: Random) -> None:
    """Some sessions of the service end, and with them the transactions that they are in."""
    ending = _END_SESSIONS.format(drawn=rng.randrange(2**31), count=_SESSIONS_ENDED)
    with contextlib.suppress(EmbeddedError):
        await asyncio.to_thread(installation.postgres.query, ending)


def cut_connections(installation: Installation, rng: Random) -> None:
    """All connections of callers through one of the proxies are reset."""
    rng.choice(installation.proxies).cut()


def kill_valkey(installation: Installation, _rng: Random) -> None:
    if installation.valkey.pid is not None:
        _kill(installation.valkey.pid)


async def flush_valkey(installation: Installation, _rng: Random) -> None:
    with contextlib.suppress(redis.RedisError):
        async with redis.Redis.from_url(installation.valkey.url) as client:
            await client.flushall()


STRIKES: Mapping[str, Strike] = {
    "server": kill_server,
    "worker": kill_worker,
    "backend": kill_backend,
    "postmaster": kill_postmaster,
    "crash": crash_postgres,
    "sessions": end_sessions,
    "cut": cut_connections,
    "valkey": kill_valkey,
    "flushall": flush_valkey,
}
CUTS = ("cut", "sessions")
FLUSHES = ("flushall",)


def _kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
