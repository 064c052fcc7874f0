"""Redis is a doorbell: with it deliveries start at once, without it a little later."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from prometheus_client import REGISTRY
from redis import Redis as BlockingRedis
from redis.asyncio import Redis

from carillon_server.delivery.queue import JobQueue, Waker, WorkerProbe, queue_name
from carillon_server.domain.channel import Channel
from carillon_server.domain.delivery import DeliveryState
from carillon_server.domain.lane import Lane
from carillon_server.embedded.valkey import Valkey
from tests.delivery.gate import Gate
from tests.delivery.house import House, payload
from tests.delivery.relay import Relay
from tests.engines import started
from tests.eventually import eventually

_NOWHERE = "redis://127.0.0.1:1/0"
_NEVER_SECONDS = 3600.0


@asynccontextmanager
async def waking(redis_url: str) -> AsyncIterator[Waker]:
    waker = Waker(redis_url)
    await waker.start()
    try:
        yield waker
    finally:
        await waker.stop()


@asynccontextmanager
async def serving(redis_url: str, calls: list[float]) -> AsyncIterator[JobQueue]:
    queue = JobQueue(
        redis_url,
        deliver=lambda _lane: calls.append(time.time()),
        fan_out=lambda: None,
        sweep=lambda: None,
    )
    await queue.start()
    try:
        yield queue
    finally:
        await queue.stop()


async def test_a_wake_up_starts_a_delivery_without_waiting_for_the_sweep(
    postgres_url: str, redis_url: str
) -> None:
    """The cron sweeps once a second, so what is much faster was woken."""
    gate = Gate(opened=True)
    waits = []
    async with (
        waking(redis_url) as waker,
        House.open(postgres_url, redis_url, waker, sweep_seconds=_NEVER_SECONDS) as house,
        WorkerAlive(redis_url) as alive,
    ):
        await house.people("ann")
        async with house.working({Channel.EMAIL: gate}):
            await eventually(alive)
            for number in range(1, 11):
                started_at = time.monotonic()
                await house.send("ann")
                await gate.wait_for(number)
                waits.append(time.monotonic() - started_at)
    assert sorted(waits)[5] < 0.25


class WorkerAlive(WorkerProbe):
    async def __aenter__(self) -> WorkerAlive:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


async def test_many_wake_ups_make_few_jobs_and_none_is_lost(redis_url: str) -> None:
    """After the last call there is a job that starts later than it."""
    calls: list[float] = []
    async with serving(redis_url, calls), waking(redis_url) as first, waking(redis_url) as second:
        for length in range(1, 60):
            last_call = 0.0
            for _ in range(length):
                first([Lane.BULK])
                second([Lane.BULK])
                last_call = time.time()
                await asyncio.sleep(0)

            async def heard(since: float = last_call) -> bool:
                return bool(calls) and calls[-1] >= since

            await eventually(heard, within_seconds=0.5)
    assert len(calls) < 600  # of 3,540 calls


async def test_redis_holds_neither_pickles_nor_content(postgres_url: str, redis_url: str) -> None:
    async with (
        waking(redis_url) as waker,
        House.open(postgres_url, redis_url, waker) as house,
        Redis.from_url(redis_url) as redis,
    ):
        await house.people("ann")
        await house.send("ann", payload=payload("canary-in-the-title"))

        async def queued() -> bool:
            return bool(await redis.zcard(queue_name(Lane.BULK)))

        await eventually(queued)
        (key,) = await redis.keys("arq:job:*")
        job = json.loads(await redis.get(key))
        assert (job["f"], job["a"], job["k"]) == ("deliver", [], {})


async def test_no_results_are_kept(redis_url: str) -> None:
    calls: list[float] = []
    async with serving(redis_url, calls), waking(redis_url) as waker, Redis.from_url(redis_url) as redis:
        waker([Lane.BULK])

        async def done() -> bool:
            return bool(calls) and not await redis.keys("arq:job:deliver*")

        await eventually(done)
        assert await redis.keys("arq:result:*") == []


async def test_nothing_stays_connected_when_it_stops_while_a_job_ends(redis_url: str) -> None:
    """Redis is slow just then: it takes the end of the job after the queue has begun to stop."""

    def pause(_lane: Lane) -> None:
        with BlockingRedis.from_url(redis_url) as redis:
            redis.client_pause(300, all=True)

    async def ending() -> bool:
        return any("finish_job" in repr(task.get_coro()) for task in asyncio.all_tasks())

    url = f"{redis_url}?client_name=stopping"
    queue = JobQueue(url, deliver=pause, fan_out=lambda: None, sweep=lambda: None)
    await queue.start()
    async with waking(redis_url) as waker, Redis.from_url(redis_url) as redis:
        waker([Lane.BULK])
        await eventually(ending)
        await queue.stop()
        assert "stopping" not in {client["name"] for client in await redis.client_list()}


async def test_without_redis_everything_is_delivered_by_the_sweep(postgres_url: str, relay: Relay) -> None:
    async with (
        waking(_NOWHERE) as waker,
        House.open(postgres_url, _NOWHERE, waker, smtp_url=relay.url) as house,
    ):
        names = await house.crowd(50)
        async with house.working():
            await house.send(*names)
            await house.settled({DeliveryState.DELIVERED})
    assert len(relay.mails) == 50


async def test_flushing_redis_all_the_time_loses_nothing(house: House, relay: Relay) -> None:
    names = await house.crowd(200)
    async with (
        waking(house.settings.redis_url.get_secret_value()) as waker,
        Redis.from_url(house.settings.redis_url.get_secret_value()) as redis,
        house.working(),
    ):
        for start in range(0, 200, 10):
            await house.send(*names[start : start + 10])
            waker(Lane)
            await redis.flushall()
        await house.settled({DeliveryState.DELIVERED}, within_seconds=20)
    assert len(relay.mails) == len({mail.recipient for mail in relay.mails}) == 200


async def test_the_queue_works_again_after_redis_was_away(engines_directory: Path) -> None:
    """Longer than its connection tries again by itself."""
    calls: list[float] = []
    restarts = queue_restarts()

    async def given_up() -> bool:
        return queue_restarts() > restarts

    with started(Valkey(engines_directory / "passing")) as valkey:
        async with serving(valkey.url, calls), waking(valkey.url) as waker, WorkerAlive(valkey.url) as alive:
            await eventually(alive)
            valkey.stop()
            waker(Lane)
            await eventually(given_up, within_seconds=20)
            assert not await alive()
            valkey.spawn()
            valkey.wait_ready()
            before = len(calls)

            async def woken() -> bool:
                waker([Lane.BULK])
                return len(calls) > before

            await eventually(woken, within_seconds=15)
            await eventually(alive)


def queue_restarts() -> float:
    return REGISTRY.get_sample_value("carillon_queue_restarts_total") or 0.0


async def test_the_probe_says_no_when_no_worker_has_been_there(redis_url: str) -> None:
    async with WorkerAlive(redis_url) as alive:
        assert not await alive()
    async with WorkerAlive(_NOWHERE) as alive:
        assert not await alive()
