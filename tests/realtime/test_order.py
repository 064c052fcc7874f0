"""Versions are gap-free and in commit order on every device, whatever writes and breaks meanwhile."""

from __future__ import annotations

import asyncio
from base64 import urlsafe_b64decode
from collections.abc import Callable
from contextlib import AsyncExitStack
from random import Random

from google.protobuf.duration_pb2 import Duration

from carillon.v1 import notification_service_pb2 as pb
from carillon_server.domain.ids import NotificationId
from carillon_server.domain.inbox_query import InboxFilter, Mark
from carillon_server.transport.encode import encode_shown
from tests.faults.proxy import FaultProxy
from tests.realtime.place import Place, inbox_of
from tests.realtime.reader import Reader, Replica

_USERS = [f"user-{number}" for number in range(8)]
_MARKS = [Mark.READ, Mark.UNREAD, Mark.SEEN, Mark.ARCHIVE, Mark.UNARCHIVE, Mark.PIN, Mark.DELETE]


async def write(place: Place, rng: Random, steps: int) -> None:
    """Sends and marks at random, to one inbox or many; one in ten is given up half-way."""
    sent: list[NotificationId] = []
    for step in range(steps):
        if not sent or rng.random() < 0.6:
            work = place.send(*rng.sample(_USERS, rng.choice([1, 1, 3, 8])), title=str(step))
        else:
            target = rng.choice(sent)
            work = mark_any(place, rng.choice(_MARKS), target)
        task = asyncio.create_task(work)
        if rng.random() < 0.1:
            await asyncio.wait([task], timeout=rng.uniform(0, 0.005))
            task.cancel()
            await asyncio.wait([task])
        else:
            sent += await task


async def mark_any(place: Place, mark: Mark, target: NotificationId) -> list[NotificationId]:
    user = next(user for user in _USERS if inbox_of(user).inbox_id == target.inbox_id)
    await place.mark(user, mark, target)
    return []


async def truth(place: Place, user: str) -> dict[str, bytes]:
    """What Postgres says the inbox shows, archive and all."""
    shown: dict[str, bytes] = {}
    for archived in (False, True):
        page = await place.inboxes.list(
            inbox_of(user), InboxFilter(archived=archived), page_size=10_000, before_position=None, timeout=10
        )
        shown |= {str(each.id): encode_shown(each, user) for each in page.notifications}
    return shown


def version_of(cursor: str) -> int:
    return int.from_bytes(urlsafe_b64decode(cursor)[-16:-8], "big")


async def follow(reader: Reader, replica: Replica, until: asyncio.Future[int]) -> list[int]:
    """The versions of the cursors, in the order in which they came, up to the last one that was written."""
    versions = [version_of((await _apply_next(reader, replica)).cursor)]
    while not until.done() or versions[-1] < until.result():
        versions.append(version_of((await _apply_next(reader, replica)).cursor))
    return versions


async def _apply_next(reader: Reader, replica: Replica) -> pb.SubscribeResponse:
    message = await reader.next(within_seconds=20)
    replica.apply(message)
    return message


async def test_every_device_ends_up_with_the_truth(postgres_url: str, redis_url: str) -> None:
    async with AsyncExitStack() as stack:
        places = [await stack.enter_async_context(Place.open(postgres_url, redis_url)) for _ in range(2)]
        loop = asyncio.get_running_loop()
        ends = {user: loop.create_future() for user in _USERS}
        replicas = {(user, place): Replica() for user in _USERS for place in (0, 1)}
        following = []
        for (user, number), replica in replicas.items():
            reader = await stack.enter_async_context(
                places[number].reading(user, heartbeat=Duration(seconds=1))
            )
            following.append(asyncio.create_task(follow(reader, replica, ends[user])))
        await asyncio.gather(*(write(places[number % 2], Random(number), 40) for number in range(20)))
        for user in _USERS:
            counts = await places[0].inboxes.counts(inbox_of(user), timeout=10)
            ends[user].set_result(counts.state.version)
        for versions in await asyncio.gather(*following):
            assert versions == sorted(versions)
        for (user, _), replica in replicas.items():
            expected = await truth(places[0], user)
            parsed = {id_: type(each).FromString(expected[id_]) for id_, each in replica.shown.items()}
            assert replica.shown == parsed
            assert replica.shown.keys() == expected.keys()


async def test_a_reader_whose_connection_keeps_breaking_misses_and_repeats_nothing(place: Place) -> None:
    rng = Random(3)
    total = 120
    replica = Replica()
    async with FaultProxy(f"127.0.0.1:{place.port}") as proxy:
        breaking: list[Callable[[], None]] = [
            proxy.cut,
            lambda: proxy.cut_after(rng.randrange(1, 2_000)),
            proxy.black_hole,
        ]

        async def send_all() -> None:
            for number in range(total):
                await place.send("ann", title=f"{number} {'x' * rng.randrange(2_000)}")

        sending = asyncio.create_task(send_all())
        cursor = ""
        while len(replica.order) < total:
            cursor = await read_a_while(place, proxy.target, cursor, replica, rng.choice(breaking))
        await sending
    assert replica.resets == 0
    assert [title.split()[0] for title in replica.titles] == [str(number) for number in range(total)]


async def read_a_while(
    place: Place, target: str, cursor: str, replica: Replica, break_it: Callable[[], None]
) -> str:
    """Reads through a connection that breaks after a few messages; the last cursor."""
    async with place.connection(target=target) as channel:
        reader = place.subscribe(channel, "ann", cursor)
        reader.cursor = cursor
        for message in await reader.rest(at_most=3):
            replica.apply(message)
        break_it()
        if not reader.call.cancelled():
            for message in await reader.rest(within_seconds=0.3):
                replica.apply(message)
    return reader.cursor
