"""A reader that takes nothing costs little, delays nobody, and is ended; its cursor still holds."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import grpc
import pytest

from tests.eventually import eventually
from tests.realtime.meters import read
from tests.realtime.place import Place
from tests.realtime.reader import Reader, Replica

# A few messages fill the window, and gRPC does not make it larger.
_SMALL_WINDOW = (("grpc.http2.lookahead_bytes", 16 * 1024), ("grpc.http2.bdp_probe", 0))
_TOTAL = 150
_TITLE = "x" * 3_000


@pytest.fixture
async def narrow(place: Place) -> AsyncIterator[grpc.aio.Channel]:
    async with place.connection(*_SMALL_WINDOW) as channel:
        yield channel


async def streams_open(number: int) -> None:
    async def reached() -> bool:
        return read("carillon_streams_open") == number

    await eventually(reached)


async def read_titles(reader: Reader, replica: Replica) -> None:
    while len(replica.order) < _TOTAL:
        replica.apply(await reader.next())


async def test_a_reader_that_takes_nothing_is_ended_and_delays_nobody(
    place: Place, narrow: grpc.aio.Channel
) -> None:
    ended = read("carillon_slow_readers_total")
    slow = place.subscribe(narrow, "ann")
    replica = Replica()
    async with place.reading("ann") as quick:
        await slow.next()
        replica.apply(await quick.next())
        reading = asyncio.create_task(read_titles(quick, replica))
        for number in range(_TOTAL):
            await place.send("ann", title=f"{number} {_TITLE}")
        async with asyncio.timeout(1):
            await reading
        await streams_open(1)
        assert read("carillon_slow_readers_total") == ended + 1
        assert await slow.end() == "SLOW_READER"


async def test_an_ended_reader_goes_on_where_it_stood(place: Place, narrow: grpc.aio.Channel) -> None:
    slow = place.subscribe(narrow, "ann")
    replica = Replica()
    replica.apply(await slow.next())
    for number in range(_TOTAL):
        await place.send("ann", title=f"{number} {_TITLE}")
    await streams_open(0)
    for message in await slow.rest():
        replica.apply(message)
    assert 0 < len(replica.order) < _TOTAL
    async with place.reading("ann", slow.cursor) as resumed:
        await read_titles(resumed, replica)
    assert [title.split()[0] for title in replica.titles] == [str(number) for number in range(_TOTAL)]


async def test_a_slow_reader_that_wakes_up_in_time_misses_nothing(postgres_url: str, redis_url: str) -> None:
    """Its mailbox has overflowed long since: the rest comes from Postgres."""
    async with (
        Place.open(postgres_url, redis_url, slow_reader_seconds=30) as place,
        place.connection(*_SMALL_WINDOW) as narrow,
    ):
        catch_ups = read("carillon_stream_catch_ups_total")
        slow = place.subscribe(narrow, "ann")
        replica = Replica()
        replica.apply(await slow.next())
        for number in range(_TOTAL):
            await place.send("ann", title=f"{number} {_TITLE}")
        await read_titles(slow, replica)
        assert [title.split()[0] for title in replica.titles] == [str(number) for number in range(_TOTAL)]
        assert read("carillon_stream_catch_ups_total") > catch_ups


async def test_a_blocked_stream_leaves_no_handler_behind(place: Place, narrow: grpc.aio.Channel) -> None:
    slow = place.subscribe(narrow, "ann")
    await slow.next()
    for _ in range(_TOTAL):
        await place.send("ann", title=_TITLE)

    async def no_handler() -> bool:
        return not any(task.get_name().startswith("HandleExceptions") for task in asyncio.all_tasks())

    await eventually(no_handler)
    assert read("carillon_streams_open") == 0
    slow.call.cancel()


async def test_a_blocked_stream_ends_with_its_credentials(postgres_url: str, redis_url: str) -> None:
    async with (
        Place.open(postgres_url, redis_url, slow_reader_seconds=600) as place,
        place.connection(*_SMALL_WINDOW) as narrow,
    ):
        token, key = await place.key("ann")
        slow = place.subscribe(narrow, "ann", token=token)
        await slow.next()
        for _ in range(_TOTAL):
            await place.send("ann", title=_TITLE)
        await place.keys.revoke("acme", key)
        await streams_open(0)
        assert await slow.end() == "CREDENTIALS_INVALID"
