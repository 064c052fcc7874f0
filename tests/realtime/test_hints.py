"""Any number of server processes tell each other; without Redis the poll finds everything in time."""

from __future__ import annotations

import asyncio
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import pytest
from redis.asyncio import Redis

from tests.eventually import eventually
from tests.faults.proxy import FaultProxy
from tests.realtime.meters import read
from tests.realtime.place import KEY, Place, inbox_of
from tests.realtime.reader import Replica
from tests.realtime.redis import listening

# Far beyond every deadline of these tests: what arrives came by a hint.
_NO_POLL = 600.0
_P6_SECONDS = 2.5


@asynccontextmanager
async def two_places(
    postgres_url: str, redis_url: str, **settings: Any
) -> AsyncIterator[tuple[Place, Place]]:
    async with AsyncExitStack() as stack:
        places = [
            await stack.enter_async_context(Place.open(postgres_url, redis_url, **settings)) for _ in range(2)
        ]
        yield places[0], places[1]


async def test_streams_are_told_what_other_processes_commit(postgres_url: str, redis_url: str) -> None:
    async with (
        two_places(postgres_url, redis_url, stream_poll_seconds=_NO_POLL) as (here, there),
        here.reading("ann") as reader,
        there.reading("ann") as other,
    ):
        await reader.next()
        await other.next()
        await listening(redis_url, 2)
        missed = read("carillon_hints_missed_total")
        for number in range(20):
            await (here, there)[number % 2].send("ann", title=str(number))
        replica, mirror = Replica(), Replica()
        while len(replica.order) < 20:
            replica.apply(await reader.next())
        while len(mirror.order) < 20:
            mirror.apply(await other.next())
        assert replica.titles == mirror.titles == [str(number) for number in range(20)]
        assert reader.cursor == other.cursor
        assert read("carillon_hints_missed_total") == missed


async def test_what_a_hint_cannot_carry_is_read(postgres_url: str, redis_url: str) -> None:
    async with (
        two_places(postgres_url, redis_url, stream_poll_seconds=_NO_POLL) as (here, there),
        here.reading("ann") as reader,
    ):
        await reader.next()
        await listening(redis_url)
        await there.send("ann", title="x" * 20_000)
        (created,) = (await reader.next()).created.notifications
        assert len(created.content.title) == 20_000


async def test_a_gap_in_the_hints_is_read_from_postgres(postgres_url: str, redis_url: str) -> None:
    async with (
        Place.open(postgres_url, redis_url, stream_poll_seconds=_NO_POLL) as here,
        Place.open(postgres_url, "redis://127.0.0.1:1/0") as silent,
        here.reading("ann") as reader,
    ):
        await reader.next()
        await silent.send("ann", title="unheard")
        await here.send("ann", title="heard")
        (unheard, heard) = (await reader.next()).created.notifications
        assert (unheard.content.title, heard.content.title) == ("unheard", "heard")


async def test_nothing_in_redis_can_be_read(postgres_url: str, redis_url: str) -> None:
    async with (
        two_places(postgres_url, redis_url) as (here, there),
        here.reading("ann") as reader,
        Redis.from_url(redis_url) as redis,
        redis.pubsub() as eavesdropper,
    ):
        await reader.next()
        await listening(redis_url)
        await eavesdropper.psubscribe("*")
        await there.send("ann", title="canary")
        message = None
        async with asyncio.timeout(5):
            while message is None or message["type"] != "pmessage":
                message = await eavesdropper.get_message(timeout=1)
        assert (await reader.next()).created.notifications[0].content.title == "canary"
        seen = message["channel"] + message["data"]
        for secret in (b"canary", b"ann", b"acme", b"invoice", inbox_of("ann").inbox_id):
            assert secret not in seen
        assert inbox_of("ann").inbox_id.hex().encode() not in seen
        assert await redis.dbsize() == 0


async def test_a_forged_hint_changes_nothing(postgres_url: str, redis_url: str) -> None:
    async with (
        Place.open(postgres_url, redis_url) as here,
        here.reading("ann") as reader,
        Redis.from_url(redis_url) as redis,
    ):
        await reader.next()
        await listening(redis_url)
        (channel,) = await redis.pubsub_channels()
        rejected = read("carillon_hints_rejected_total")
        await redis.publish(channel, bytes(200))
        await redis.publish(channel, b"")

        async def refused() -> bool:
            return read("carillon_hints_rejected_total") == rejected + 2

        await eventually(refused)
        await here.send("ann", title="genuine")
        assert (await reader.next()).created.notifications[0].content.title == "genuine"


async def test_keys_can_be_rotated_one_process_after_the_other(postgres_url: str, redis_url: str) -> None:
    new = urlsafe_b64encode(bytes(range(32))).decode()
    async with (
        Place.open(postgres_url, redis_url, secret_keys=f"{KEY},{new}", stream_poll_seconds=_NO_POLL) as old,
        Place.open(
            postgres_url, redis_url, secret_keys=f"{new},{KEY}", stream_poll_seconds=_NO_POLL
        ) as fresh,
        old.reading("ann") as reader,
    ):
        await reader.next()
        await listening(redis_url, 2)
        await fresh.send("ann", title="under the new key")
        created = await reader.next()
        assert created.created.notifications[0].content.title == "under the new key"
        async with fresh.reading("ann", created.cursor) as resumed:
            assert (await resumed.next()).HasField("heartbeat")


async def test_only_what_somebody_listens_to_is_published(postgres_url: str, redis_url: str) -> None:
    async with (
        two_places(postgres_url, redis_url) as (here, there),
        here.reading("ann") as reader,
    ):
        await reader.next()
        await listening(redis_url)
        published = read("carillon_hints_published_total")
        await here.send("ann", *[f"user-{number}" for number in range(100)])
        await there.send("ann", *[f"user-{number}" for number in range(100)])
        await reader.next()
        await reader.next()
        assert read("carillon_hints_published_total") == published + 1


async def test_channels_are_left_with_the_last_stream(postgres_url: str, redis_url: str) -> None:
    async with Place.open(postgres_url, redis_url) as place:
        async with place.reading("ann") as one, place.reading("ann") as two, place.reading("bob") as three:
            for reader in (one, two, three):
                await reader.next()
            await listening(redis_url, 2)
        await listening(redis_url, 0)


async def test_without_redis_streams_are_told_in_time(postgres_url: str) -> None:
    nowhere = "redis://127.0.0.1:1/0"
    async with (
        two_places(postgres_url, nowhere, stream_poll_seconds=1.5) as (here, there),
        here.reading("ann") as reader,
    ):
        await reader.next()
        for title in ("one", "two", "three"):
            await there.send("ann", title=title)
            created = await reader.next(within_seconds=_P6_SECONDS)
            assert created.created.notifications[0].content.title == title


@pytest.fixture
async def proxy(redis_url: str) -> AsyncIterator[FaultProxy]:
    async with FaultProxy(urlsplit(redis_url).netloc.rpartition("@")[2]) as proxy:
        yield proxy


def through(proxy: FaultProxy, redis_url: str) -> str:
    credentials = urlsplit(redis_url).netloc.rpartition("@")[0]
    return f"redis://{credentials}@{proxy.target}/0"


async def test_with_redis_hung_streams_are_told_in_time(
    postgres_url: str, redis_url: str, proxy: FaultProxy
) -> None:
    async with (
        two_places(postgres_url, through(proxy, redis_url), stream_poll_seconds=1.5) as (here, there),
        here.reading("ann") as reader,
    ):
        await reader.next()
        await listening(redis_url)
        proxy.black_hole(new_connections=True)
        for title in ("one", "two"):
            async with asyncio.timeout(1):
                await there.send("ann", title=title)
            created = await reader.next(within_seconds=_P6_SECONDS)
            assert created.created.notifications[0].content.title == title


@pytest.mark.parametrize("fault", ["cut", "black_hole"])
async def test_hints_heal_by_themselves(
    postgres_url: str, redis_url: str, proxy: FaultProxy, fault: str
) -> None:
    async with (
        two_places(postgres_url, through(proxy, redis_url), stream_poll_seconds=_NO_POLL) as (here, there),
        here.reading("ann") as reader,
    ):
        await reader.next()
        await listening(redis_url)
        connections = proxy.connection_count
        getattr(proxy, fault)()

        # A connection in a black hole says nothing: that it is given up at all is what is shown here.
        async def listeners_are_back() -> bool:
            return proxy.connection_count >= connections + 2

        await eventually(listeners_are_back)
        await listening(redis_url, 1 if fault == "cut" else 2)
        for title in ("lost or not", "hinted"):
            await there.send("ann", title=title)
        replica = Replica()
        while "hinted" not in replica.titles:
            replica.apply(await reader.next())
        assert replica.titles == ["lost or not", "hinted"]


async def test_what_was_said_while_nobody_listened_is_found_at_once_after_a_reconnect(
    postgres_url: str, redis_url: str, proxy: FaultProxy
) -> None:
    async with (
        Place.open(postgres_url, through(proxy, redis_url), stream_poll_seconds=_NO_POLL) as here,
        Place.open(postgres_url, redis_url) as there,
        here.reading("ann") as reader,
    ):
        await reader.next()
        await listening(redis_url)
        proxy.refuse()
        proxy.cut()
        await listening(redis_url, 0)
        await there.send("ann", title="unheard")
        proxy.heal()
        assert (await reader.next()).created.notifications[0].content.title == "unheard"
