"""Claims: nothing is lost with a worker, nothing is done twice by two, nothing is written by a stale one."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
from prometheus_client import REGISTRY

from carillon_server.domain.channel import Channel
from carillon_server.domain.delivery import DeliveryState
from carillon_server.domain.outcome import Delivered, Rejected
from tests.delivery.gate import Gate
from tests.delivery.house import House
from tests.delivery.relay import Relay
from tests.eventually import eventually

_WORKER = Path(__file__).with_name("worker_process.py")
_END_LEASES = "UPDATE delivery SET lease_expire_time = now(), next_attempt_time = now() WHERE state = 2"


async def test_two_workers_deliver_everything_once(house: House, relay: Relay) -> None:
    names = await house.crowd(500)
    await house.send(*names)
    async with house.working(), house.working():
        rows = await house.settled({DeliveryState.DELIVERED}, within_seconds=40)
    assert len(rows) == 500
    assert Counter(mail.recipient for mail in relay.mails) == Counter(f"{n}@example.com" for n in names)
    assert {row["attempt_count"] for row in rows} == {1}
    assert len({mail.peer for mail in relay.mails}) <= 100  # connections are kept between mails


async def test_a_live_worker_keeps_what_it_holds_past_its_first_lease(
    postgres_url: str, redis_url: str
) -> None:
    gate, rival = Gate(), Gate(opened=True)
    async with House.open(postgres_url, redis_url, lease_seconds=0.6) as house:
        await house.people("ann")
        async with house.working({Channel.EMAIL: gate}):
            await house.send("ann")
            await gate.wait_for(1)
            first_lease = (await house.deliveries())[0]["lease_expire_time"]
            async with house.working({Channel.EMAIL: rival}):

                async def two_leases_later() -> bool:
                    row = (await house.deliveries())[0]
                    return bool((row["lease_expire_time"] - first_lease).total_seconds() > 1.2)

                await eventually(two_leases_later)
                gate.let_through()
                await house.settled({DeliveryState.DELIVERED})
    assert gate.taken.total() == 1
    assert rival.taken.total() == 0


@pytest.mark.parametrize(
    "finished", [True, False], ids=["after the other finished", "while the other is at it"]
)
async def test_a_stale_worker_records_nothing(postgres_url: str, redis_url: str, *, finished: bool) -> None:
    """Its lease ended while it was calling; another took over and was refused for good."""
    # So long that no heartbeat comes between: it would give an ended lease back.
    async with House.open(postgres_url, redis_url, lease_seconds=600.0, worker_grace_seconds=30.0) as house:
        await house.people("ann")
        await house.send("ann")
        stale = Gate(outcome=Delivered("too late"))
        worker = house.worker({Channel.EMAIL: stale})
        await worker.start()
        await stale.wait_for(1)
        # One that is stopping finishes what it holds, and takes nothing more: its own delivery neither.
        stopping = asyncio.create_task(worker.stop())
        await house.database.fetch(_END_LEASES)
        await _overtake(house, stale, finished=finished)
        await stopping


async def _overtake(house: House, stale: Gate, *, finished: bool) -> None:
    second = Gate(opened=finished, outcome=Rejected("refused", "by the second"))
    dropped = results_dropped()

    async def dropped_one() -> bool:
        return results_dropped() == dropped + 1

    async with house.working({Channel.EMAIL: second}):
        await second.wait_for(1)
        if finished:
            await house.settled({DeliveryState.REJECTED})
        stale.let_through()
        await eventually(dropped_one)
        second.let_through()
        await house.settled({DeliveryState.REJECTED})
    (row,) = await house.deliveries()
    assert (row["state"], row["finish_reason"], row["fence"]) == (DeliveryState.REJECTED, "refused", 2)
    first, last = await house.attempts()
    assert (first["outcome"], first["end_time"]) == (None, None)
    assert last["outcome"] == "rejected"
    assert stale.taken == second.taken  # the same delivery id


def results_dropped() -> float:
    return REGISTRY.get_sample_value("carillon_results_stale_total") or 0.0


@asynccontextmanager
async def worker_process(house: House, relay: Relay) -> AsyncIterator[asyncio.subprocess.Process]:
    """A worker to be killed."""
    urls = (house.settings.database_url.get_secret_value(), house.settings.redis_url.get_secret_value())
    process = await asyncio.create_subprocess_exec(
        sys.executable, _WORKER, *urls, relay.url, cwd=Path(__file__).parents[2]
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def test_the_work_of_a_killed_worker_is_taken_over(house: House, relay: Relay) -> None:
    """kill -9 in the middle of 40 mails: each arrives, and only those under way may arrive twice."""
    names = await house.crowd(40)
    await house.send(*names)
    async with worker_process(house, relay) as victim:
        await relay.wait_for(5, within_seconds=20)
        victim.kill()
        await victim.wait()
    under_way = [row for row in await house.deliveries() if row["state"] == DeliveryState.ATTEMPTING]
    async with house.working():
        rows = await house.settled({DeliveryState.DELIVERED}, within_seconds=30)
    arrived = Counter(mail.recipient for mail in relay.mails)
    assert set(arrived) == {f"{name}@example.com" for name in names}
    assert sum(arrived.values()) - len(names) <= len(under_way)
    assert sum(row["attempt_count"] for row in rows) == len(names) + len(under_way)
    repeated = [m.message["Message-ID"] for m in relay.mails if arrived[m.recipient] > 1]
    assert len(set(repeated)) * 2 == len(repeated)


async def test_a_worker_that_stood_still_past_its_leases_changes_nothing(house: House, relay: Relay) -> None:
    """SIGSTOP, its mails are taken over, SIGCONT: what it says then is not written."""
    names = await house.crowd(40)
    await house.send(*names)
    async with worker_process(house, relay) as sleeper:
        await relay.wait_for(5, within_seconds=20)
        sleeper.send_signal(signal.SIGSTOP)
        async with house.working():
            # Whatever transaction it stopped in holds its rows until Postgres ends it.
            await house.settled({DeliveryState.DELIVERED}, within_seconds=30)
        before = (await house.deliveries(), await house.attempts())
        sleeper.send_signal(signal.SIGCONT)
        sleeper.terminate()
        await sleeper.wait()
    assert (await house.deliveries(), await house.attempts()) == before
    assert {mail.recipient for mail in relay.mails} == {f"{name}@example.com" for name in names}


async def test_a_delivery_that_takes_its_worker_with_it_runs_out_of_attempts(
    postgres_url: str, redis_url: str
) -> None:
    """The attempt was counted before the call, so it ends, and can be seen."""
    gate = Gate()
    # So long that no heartbeat comes between: it would give an ended lease back.
    async with House.open(postgres_url, redis_url, lease_seconds=600.0, worker_grace_seconds=0.0) as house:
        await house.people("ann")
        await house.send("ann")
        async with AsyncExitStack() as workers:
            for attempt in range(1, 7):
                await workers.enter_async_context(house.working({Channel.EMAIL: gate}))
                await gate.wait_for(attempt)
                await house.database.fetch(_END_LEASES)
            await workers.enter_async_context(house.working({Channel.EMAIL: gate}))
            (row,) = await house.settled({DeliveryState.EXHAUSTED})
    assert (row["finish_reason"], row["attempt_count"]) == ("worker_lost", 6)


async def test_what_a_stopping_worker_cannot_finish_is_handed_back(postgres_url: str, redis_url: str) -> None:
    gate, second = Gate(), Gate(opened=True)
    async with House.open(postgres_url, redis_url, worker_grace_seconds=0.1, lease_seconds=600.0) as house:
        await house.people("ann")
        async with house.working({Channel.EMAIL: gate}):
            await house.send("ann")
            await gate.wait_for(1)
        (row,) = await house.deliveries()
        assert (row["state"], row["lease_expire_time"]) == (DeliveryState.RETRYING, None)
        async with house.working({Channel.EMAIL: second}):
            await house.settled({DeliveryState.DELIVERED})
        assert [a["outcome"] for a in await house.attempts()] == ["abandoned", "delivered"]


async def test_a_stopping_worker_finishes_what_it_holds(house: House) -> None:
    gate = Gate()
    await house.people("ann")
    worker = house.worker({Channel.EMAIL: gate})
    await worker.start()
    await house.send("ann")
    await gate.wait_for(1)
    stopping = asyncio.create_task(worker.stop())
    await house.people("bob")
    await house.send("bob")
    gate.let_through()
    await stopping
    rows = await house.deliveries()
    assert [row["state"] for row in rows] == [DeliveryState.DELIVERED, DeliveryState.SCHEDULED]


async def test_no_more_runs_at_once_than_there_are_slots(postgres_url: str, redis_url: str) -> None:
    gate = Gate()
    async with House.open(postgres_url, redis_url, worker_concurrency=3) as house:
        await house.send(*await house.crowd(10))
        async with house.working({Channel.EMAIL: gate}):
            await gate.wait_for(3)
            states = Counter(row["state"] for row in await house.deliveries())
            assert states == {DeliveryState.ATTEMPTING: 3, DeliveryState.SCHEDULED: 7}
            gate.let_through()
            await house.settled({DeliveryState.DELIVERED})
    assert gate.most_running == 3
