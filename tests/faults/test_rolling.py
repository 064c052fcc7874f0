"""P15: a rolling restart is noticed by nobody."""

from __future__ import annotations

import signal
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from pathlib import Path

import pytest

from tests.eventually import eventually
from tests.faults.installation import Child, Installation
from tests.faults.load import Load, loaded
from tests.faults.options import StreamSize, sizes
from tests.faults.outcome import Drill
from tests.processes.serving import Serving, running

_RESTART_SECONDS = 120


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[Installation]:
    """Two servers that take two seconds to send their streams away."""
    async with Installation(tmp_path, workers=0, drain_seconds=2) as installation:
        yield installation


async def _roll(house: Installation, servers: int) -> None:
    """SIGTERM to so many, one after the other, each when the one before serves again."""
    for number, server in enumerate(house.servers[:servers]):
        pid = server.pid
        server.terminate()
        await eventually(partial(_replaced, server, pid), _RESTART_SECONDS)
        await house.serves(number)


async def _replaced(server: Child, pid: int) -> bool:
    return server.pid != pid


async def _renew(serving: Serving, number: int) -> None:
    """SIGHUP: the supervisor replaces its servers one by one."""
    serving.process.send_signal(signal.SIGHUP)

    async def renewed() -> bool:
        return len(serving.events("processes.renewed")) > number

    await eventually(renewed, _RESTART_SECONDS)


async def _drill(load: Load, restarts: int, restart: Callable[[int], Awaitable[None]]) -> Counter[str]:
    async with load.running():
        for number in range(restarts):
            await restart(number)
    verdict, lost, doubled = await load.verdict()
    assert (verdict.disordered, verdict.afresh) == (0, 0)
    sends = sum(map(len, load.sent.values()))
    return Counter(sends=sends, lost=lost + verdict.missed, doubled=doubled + verdict.repeated)


@sizes(short=StreamSize(20, blows=1), long=StreamSize(200, blows=10))
async def test_p15_rolling_restarts_are_noticed_by_nobody(
    house: Installation, drill: Drill, size: StreamSize, tmp_path: Path
) -> None:
    """Servers get SIGTERM one after the other, again and again; then, in the long drill, two servers on one
    port are renewed by SIGHUP as often. No call fails, and no stream starts afresh.
    """
    renewals, servers = size.blows // 2, 2 if drill.kept else 1
    async with loaded(house.target, house.token, size.streams, drill.seed) as load:
        done = await _drill(load, size.blows - renewals, lambda _: _roll(house, servers))
    if renewals:
        with running(tmp_path, house.postgres.url, house.valkey.url, drain_seconds="2") as serving:
            token = partial(_token, serving)
            async with loaded(serving.target, token, size.streams, drill.seed) as load:
                done += await _drill(load, renewals, partial(_renew, serving))
    drill.finish(
        "P15",
        sends=done["sends"],
        cuts=size.blows * size.streams,
        lost=done["lost"],
        doubled=done["doubled"],
        measured=f"{size.blows - renewals} rolling restarts by SIGTERM, {renewals} by SIGHUP",
    )


def _token(serving: Serving, subject: str, *scopes: str) -> str:
    return serving.issuer.token("renewed", subject, scopes)
