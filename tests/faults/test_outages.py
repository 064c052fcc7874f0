"""P24: Postgres away is told at once, harms no stream, and is over soon after it is back."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random

import pytest

from tests.eventually import eventually
from tests.faults.bystanders import Bystanders, Caller, bystanders, under_way
from tests.faults.callers import Callers
from tests.faults.installation import Installation
from tests.faults.options import long_only, sizes
from tests.faults.oracle import Oracle, holdings
from tests.faults.outcome import Drill
from tests.faults.small_disk import SmallDiskPostgres

Outage = Callable[[Installation], AbstractAsyncContextManager[None]]

_PEOPLE = 8
_REFUSED_SECONDS = 2.0
_SERVED_SECONDS = 5.0
_BEGUN_SECONDS = 60


@dataclass(frozen=True)
class OutageSize:
    rounds: int
    refusals: int
    """Of each caller, until an outage ends."""
    haste: float
    """So many times the promised seconds are good enough: short drills run beside other tests."""


@asynccontextmanager
async def _read_only(installation: Installation) -> AsyncIterator[None]:
    with installation.postgres_set(default_transaction_read_only="on"):
        yield


@asynccontextmanager
async def _full_disk(installation: Installation) -> AsyncIterator[None]:
    assert isinstance(installation.postgres, SmallDiskPostgres)
    installation.postgres.fill()
    yield
    installation.postgres.make_room()


_OUTAGES: Sequence[Outage] = (Installation.postgres_stopped, Installation.postgres_frozen, _read_only)


@pytest.fixture
async def on_a_small_disk(tmp_path: Path) -> AsyncIterator[Installation]:
    async with Installation(tmp_path, engine=SmallDiskPostgres, workers=0) as installation:
        yield installation


@sizes(short=OutageSize(1, 3, 2.0), long=OutageSize(4, 150, 1.0))
async def test_p24_postgres_away_is_unavailable_and_soon_over(
    installation: Installation, drill: Drill, size: OutageSize
) -> None:
    """Postgres is stopped, stands still, turns read-only. Callers get UNAVAILABLE within two seconds, and
    never OK; no stream ends; five seconds after its return all is served and all is shown.
    """
    rng = Random(drill.seed)
    outages = [each for _ in range(size.rounds) for each in rng.sample(_OUTAGES, len(_OUTAGES))]
    await _drill(installation, drill, size, outages, "P24")


@long_only(OutageSize(4, 150, 1.0))
async def test_p24_a_full_disk_is_unavailable_and_soon_over(
    on_a_small_disk: Installation, drill: Drill, size: OutageSize
) -> None:
    """The same where Postgres has no room left. What fits into what it has is still taken."""
    await _drill(on_a_small_disk, drill, size, [_full_disk] * size.rounds, "P24, disk full")


async def _drill(
    installation: Installation, drill: Drill, size: OutageSize, outages: Sequence[Outage], promise: str
) -> None:
    oracle, back_seconds = Oracle(), 0.0
    limit_seconds = _REFUSED_SECONDS * size.haste
    async with (
        bystanders(installation, oracle, people=_PEOPLE, limit_seconds=limit_seconds) as crowd,
        under_way(screen.look() for screen in crowd.screens),
    ):
        await eventually(partial(_all_look, crowd), _BEGUN_SECONDS)
        async with under_way(caller.call_on() for caller in crowd.callers):
            for outage in outages:
                await eventually(partial(_all_served, crowd, time.monotonic()), _BEGUN_SECONDS)
                returned = await _suffer(installation, crowd, outage, size.refusals)
                await eventually(partial(_all_served, crowd, returned), _SERVED_SECONDS * size.haste)
                back_seconds = max(back_seconds, time.monotonic() - returned)
                drill.tell(f"{outage.__name__.strip('_')}, {oracle.answer_count:,} answers so far")
                told = [(name, id_) for (_, name), ids in oracle.answers.items() for id_ in ids]
                await eventually(partial(_all_shown, crowd, told), _SERVED_SECONDS * size.haste)
        async with Callers(installation, "edge", "gateway") as gateway:
            held = await holdings(gateway, oracle.recipients)
        there = [(each.recipient_id, each.id) for each in held]
        await eventually(partial(_all_shown, crowd, there), _SERVED_SECONDS * size.haste)
    assert crowd.wrong() == {}
    slowest = crowd.slowest_refusal_seconds()
    drill.finish(
        promise,
        sends=oracle.answer_count,
        cuts=len(outages),
        lost=len(oracle.lost(held)),
        doubled=len(oracle.doubled(held)) + sum(s.repeated for s in crowd.screens),
        measured=f"refused within {slowest:.1f} s, served {back_seconds:.1f} s after its return",
    )


async def _suffer(installation: Installation, crowd: Bystanders, outage: Outage, refusals: int) -> float:
    """When it was over."""
    begun = time.monotonic()
    async with outage(installation):
        await eventually(partial(_all_refused, crowd, begun, refusals), _BEGUN_SECONDS)
        ended = time.monotonic()
    returned = time.monotonic()
    if outage is not _full_disk:
        assert not [caller for caller in crowd.callers if _sent_between(caller, begun, ended)]
    return returned


def _sent_between(caller: Caller, begun: float, ended: float) -> bool:
    """Whether a send was answered with OK after one was refused."""
    during = [
        each for each in caller.answers if begun <= each.begun and each.ended <= ended and not each.read
    ]
    return not all(each.failed for each in during[next(n for n, each in enumerate(during) if each.failed) :])


async def _all_look(crowd: Bystanders) -> bool:
    return all(screen.looks for screen in crowd.screens)


async def _all_refused(crowd: Bystanders, since: float, refusals: int) -> bool:
    return all(
        sum(each.failed and not each.read and each.begun >= since for each in caller.answers) >= refusals
        for caller in crowd.callers
    )


async def _all_served(crowd: Bystanders, since: float) -> bool:
    return all(caller.served_since(since) for caller in crowd.callers)


async def _all_shown(crowd: Bystanders, notifications: Collection[tuple[str, str]]) -> bool:
    """Recipients and ids."""
    return all(
        {id_ for name, id_ in notifications if name == screen.recipient_id} <= set(screen.told)
        for screen in crowd.screens
    )
