"""What people do with notifications every day, in whichever system."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from carillon import AsyncSubscription
from carillon.v1.notification_service_pb2 import SubscribeResponse
from carillon.v1.types_pb2 import Notification
from tests.systems.person import Person
from tests.systems.world import World

_CERTAIN_SECONDS = 10.0


@dataclass(frozen=True)
class Device:
    """One of a person's screens."""

    stream: AsyncSubscription

    async def next(self, *kinds: str) -> SubscribeResponse:
        """The next event, which has to be of one of these kinds."""
        async with asyncio.timeout(_CERTAIN_SECONDS):
            message = await anext(self.stream)
        assert message.WhichOneof("event") in kinds, message
        return message

    async def created(self, count: int) -> list[Notification]:
        """The next new notifications, oldest first, however they are gathered into events."""
        found: list[Notification] = []
        while len(found) < count:
            found += (await self.next("created")).created.notifications
        return found

    async def caught_up(self, count: int) -> list[Notification]:
        """The same for those that came while it was away: they are told in their latest state."""
        found: list[Notification] = []
        while len(found) < count:
            message = await self.next("changed", "created")
            found += message.changed.notifications or message.created.notifications
        return found


@asynccontextmanager
async def device(person: Person, cursor: str = "") -> AsyncIterator[Device]:
    """Live from now on, or from the cursor on."""
    async with person.client.subscribe(cursor=cursor, device_id="screen") as stream:
        screen = Device(stream)
        if not cursor:
            await screen.next("snapshot")
        yield screen


async def send_several(world: World, person: Person, kind: str, count: int) -> list[str]:
    """Of one type, each by itself; the ids, oldest first."""
    ids = []
    for _ in range(count):
        key = f"apart/{next(world.numbers)}"
        sent = await world.send(kind, person, channels=["IN_APP"], collapse_key=key)
        ids.append(sent.results[0].notification_id)
    return ids


async def check_reading(world: World, kind: str, other: str) -> None:
    """Counts by type; reading one, all of a type, everything; archiving; deleting."""
    anna = await world.person()
    first, second, third = await send_several(world, anna, kind, 3)
    (single,) = await send_several(world, anna, other, 1)
    assert await anna.unread() == {kind: 3, other: 1}

    await anna.client.mark_read(ids=[first])
    assert await anna.unread() == {kind: 2, other: 1}
    assert [each.id for each in await anna.inbox(unread=True)] == [single, third, second]

    marked = await anna.client.mark_read(all=True, filter={"types": [kind]})
    assert marked.changed_count == 2
    assert await anna.unread() == {other: 1}

    await anna.client.mark_unread(ids=[second])
    await anna.client.archive(ids=[third])
    assert [each.id for each in await anna.inbox(archived=True)] == [third]
    counts = (await anna.client.get_counts()).counts
    assert (counts.total_count, counts.unread_count, counts.archived_count) == (3, 2, 1)

    await anna.client.delete(ids=[first, second])
    assert [each.id for each in await anna.inbox()] == [single]
    assert (await anna.client.mark_read(all=True)).changed_count == 1
    assert await anna.unread() == {}


async def check_two_devices(world: World, kind: str) -> None:
    """What happens on one screen, happens on the other."""
    anna = await world.person()
    async with device(anna) as phone, device(anna) as desk:
        (sent,) = await send_several(world, anna, kind, 1)
        for screen in (phone, desk):
            (created,) = await screen.created(1)
            assert (created.id, created.type) == (sent, kind)

        await anna.client.mark_read(ids=[sent])
        for screen in (phone, desk):
            (changed,) = (await screen.next("changed")).changed.notifications
            assert changed.id == sent
            assert changed.HasField("read_time")

        await anna.client.archive(ids=[sent])
        for screen in (phone, desk):
            (changed,) = (await screen.next("changed")).changed.notifications
            assert changed.HasField("archive_time")

        await anna.client.delete(ids=[sent])
        for screen in (phone, desk):
            assert list((await screen.next("removed")).removed.ids) == [sent]


async def check_catch_up(world: World, kind: str, missed: int) -> None:
    """Who was away gets all of it, in order, once."""
    anna = await world.person()
    async with device(anna) as phone:
        await send_several(world, anna, kind, 1)
        await phone.created(1)
        cursor = phone.stream.cursor

    ids = await send_several(world, anna, kind, missed)

    async with device(anna, cursor) as phone:
        assert [each.id for each in await phone.caught_up(missed)] == ids
