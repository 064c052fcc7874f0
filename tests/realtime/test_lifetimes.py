"""How streams end: limits, credentials, draining, clients that go, engines that go."""

from __future__ import annotations

import asyncio
import gc
from contextlib import AsyncExitStack
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from google.protobuf.duration_pb2 import Duration

from tests.eventually import eventually
from tests.faults.proxy import FaultProxy
from tests.realtime.meters import read
from tests.realtime.place import Place, utc_now
from tests.realtime.redis import listening


async def test_an_inbox_has_a_limit_of_streams(postgres_url: str, redis_url: str) -> None:
    async with (
        Place.open(postgres_url, redis_url, max_streams_per_user=2) as place,
        place.reading("ann") as one,
        place.reading("ann") as two,
    ):
        await one.next()
        await two.next()
        async with place.reading("ann") as three:
            assert await three.end() == "STREAM_LIMIT"
        async with place.reading("bob") as other:
            await other.next()
        two.call.cancel()

        async def has_room() -> bool:
            async with place.reading("ann") as four:
                return await four.opens()

        await eventually(has_room)


async def test_a_tenant_has_a_limit_of_streams(postgres_url: str, redis_url: str) -> None:
    async with (
        Place.open(postgres_url, redis_url, max_streams_per_tenant=2) as place,
        place.reading("ann") as one,
        place.reading("bob") as two,
    ):
        await one.next()
        await two.next()
        async with place.reading("cid") as three:
            assert await three.end() == "STREAM_LIMIT"
        token, _ = await place.key("ann", tenant="other")
        async with place.reading("ann", token=token) as elsewhere:
            await elsewhere.next()


async def test_a_revoked_key_ends_its_streams_alone(place: Place) -> None:
    token, key = await place.key("ann")
    async with place.reading("ann", token=token) as revoked, place.reading("ann") as other:
        await revoked.next()
        await other.next()
        await place.keys.revoke("acme", key)
        assert await revoked.end() == "CREDENTIALS_INVALID"
        await place.send("ann")
        assert (await other.next()).HasField("created")


async def test_expired_credentials_end_their_streams_within_five_seconds(place: Place) -> None:
    expire_time = utc_now() + timedelta(seconds=1)
    token, _ = await place.key("ann", expire_time=expire_time)
    async with place.reading("ann", token=token) as reader:
        await reader.next()
        assert await reader.end(within_seconds=6) == "CREDENTIALS_INVALID"
        assert expire_time <= utc_now() <= expire_time + timedelta(seconds=5)


async def test_draining_sends_every_stream_elsewhere(postgres_url: str, redis_url: str) -> None:
    async with (
        Place.open(postgres_url, redis_url) as old,
        Place.open(postgres_url, redis_url) as new,
        AsyncExitStack() as stack,
    ):
        readers = [await stack.enter_async_context(old.reading(f"user-{number}")) for number in range(20)]
        for reader in readers:
            await reader.next()
        await old.realtime.drain(1)
        for number, reader in enumerate(readers):
            message = await reader.next()
            assert message.HasField("draining")
            assert 0 <= message.draining.reconnect_delay.ToTimedelta().total_seconds() <= 10
            assert await reader.end() == "OK"
            await new.send(f"user-{number}", title="meanwhile")
            async with new.reading(f"user-{number}", reader.cursor) as resumed:
                (created,) = (await resumed.next()).created.notifications
                assert created.content.title == "meanwhile"
        async with old.reading("late") as late:
            assert await late.end() == "UNAVAILABLE"


async def test_draining_is_spread_over_its_time(place: Place) -> None:
    async with AsyncExitStack() as stack:
        readers = [await stack.enter_async_context(place.reading(f"user-{number}")) for number in range(20)]
        for reader in readers:
            await reader.next()
        loop = asyncio.get_running_loop()
        start = loop.time()

        async def drained_after(index: int) -> float:
            assert (await readers[index].next()).HasField("draining")
            return loop.time() - start

        ends = asyncio.gather(*(drained_after(index) for index in range(20)))
        await place.realtime.drain(1)
        times = sorted(await ends)
    # No quarter of the time sees more than half of the streams.
    for index in range(10):
        assert times[index + 10] - times[index] >= 0.25


async def test_streams_that_are_given_up_leave_nothing_behind(place: Place) -> None:
    async with place.connection() as channel:
        for _ in range(20):
            readers = [place.subscribe(channel, f"user-{number}") for number in range(50)]
            await asyncio.gather(*(reader.next() for reader in readers[:25]))
            for reader in readers:
                reader.call.cancel()
            del readers, reader

        async def nothing_left() -> bool:
            return read("carillon_streams_open") == 0 and not any(
                task.get_name() == "rpc_task" for task in asyncio.all_tasks()
            )

        await eventually(nothing_left)
    gc.collect()
    kinds = [type(thing).__name__ for thing in gc.get_objects()]
    assert kinds.count("Stream") == kinds.count("Mailbox") == kinds.count("Room") == 0


@pytest.mark.parametrize("fault", ["away", "hung"])
async def test_streams_outlive_the_absence_of_postgres(postgres_url: str, redis_url: str, fault: str) -> None:
    server = urlsplit(postgres_url)
    credentials, _, address = server.netloc.rpartition("@")
    async with FaultProxy(address) as proxy:
        through = server._replace(netloc=f"{credentials}@{proxy.target}").geturl()
        async with (
            Place.open(through, redis_url) as here,
            Place.open(postgres_url, redis_url) as there,
            here.reading("ann", heartbeat=Duration(seconds=1)) as reader,
        ):
            await reader.next()
            await listening(redis_url)
            if fault == "away":
                proxy.refuse()
                proxy.cut()
            else:
                proxy.black_hole(new_connections=True)
            # Too large for a hint: the stream learns of it, but cannot read it.
            await there.send("ann", title="x" * 20_000)
            assert (await reader.next()).HasField("heartbeat")
            async with here.reading("bob") as refused:
                assert await refused.end() == "UNAVAILABLE"
            assert (await reader.next()).HasField("heartbeat")
            proxy.heal()
            proxy.cut()
            created = await reader.next_event(within_seconds=5)
            assert len(created.created.notifications[0].content.title) == 20_000
