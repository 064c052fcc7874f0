"""A live inbox over the wire: what a reader is told, and in which order."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import Any

import pytest
from google.protobuf.duration_pb2 import Duration

from carillon.v1 import notification_service_pb2 as pb
from carillon.v1 import types_pb2
from carillon_server.domain.inbox_query import Mark
from tests.realtime.place import Place, inbox_of, tomorrow
from tests.realtime.reader import Replica


async def test_a_stream_begins_with_a_snapshot_and_goes_on_live(place: Place) -> None:
    await place.send("ann", title="before")
    async with place.reading("ann") as reader:
        snapshot = (await reader.next()).snapshot
        assert [each.content.title for each in snapshot.notifications] == ["before"]
        assert snapshot.counts.unread_count == 1
        (sent,) = await place.send("ann", title="after")
        created = (await reader.next()).created
        assert [each.content.title for each in created.notifications] == ["after"]
        assert created.counts.unread_count == 2
        await place.mark("ann", Mark.READ, sent)
        changed = (await reader.next()).changed
        assert [each.id for each in changed.notifications] == [str(sent)]
        assert changed.notifications[0].HasField("read_time")
        assert changed.counts.unread_count == 1
        await place.mark("ann", Mark.DELETE, sent)
        removed = (await reader.next()).removed
        assert list(removed.ids) == [str(sent)]
        assert removed.counts.total_count == 1


@pytest.mark.parametrize(("asked", "shown"), [(0, 20), (3, 3), (1_000, 100)])
async def test_a_snapshot_holds_the_newest_first(place: Place, asked: int, shown: int) -> None:
    for number in range(105):
        await place.send("ann", title=str(number))
    async with place.reading("ann", snapshot_size=asked) as reader:
        snapshot = (await reader.next()).snapshot
    titles = [each.content.title for each in snapshot.notifications]
    assert titles == [str(number) for number in range(104, 104 - shown, -1)]
    assert snapshot.counts.total_count == 105


async def test_a_snapshot_of_large_notifications_stays_small(place: Place) -> None:
    for _ in range(20):
        await place.send("ann", title="x" * 40_000)
    async with place.reading("ann") as reader:
        message = await reader.next()
    assert 1 <= len(message.snapshot.notifications) < 20
    assert message.ByteSize() < 200_000
    assert message.snapshot.counts.total_count == 20


async def test_every_device_is_told_the_same(place: Place) -> None:
    async with AsyncExitStack() as stack:
        readers = [await stack.enter_async_context(place.reading("ann")) for _ in range(5)]
        for reader in readers:
            await reader.next()
        (sent,) = await place.send("ann")
        await place.mark("ann", Mark.SEEN, sent)
        told = [[await reader.next(), await reader.next()] for reader in readers]
    assert [message.WhichOneof("event") for message in told[0]] == ["created", "changed"]
    assert all(messages == told[0] for messages in told)


async def test_a_stream_tells_nothing_of_other_inboxes(place: Place) -> None:
    async with place.reading("ann") as reader:
        await reader.next()
        await place.send("bob", title="for bob")
        await place.send("ann", "bob", title="for both")
        created = (await reader.next()).created
    assert [each.content.title for each in created.notifications] == ["for both"]
    assert {each.recipient_id for each in created.notifications} == {"ann"}


async def test_a_quiet_stream_has_a_heartbeat_with_its_cursor(place: Place) -> None:
    async with place.reading("ann", heartbeat=Duration(seconds=1)) as reader:
        first = await reader.next()
        second = await reader.next(within_seconds=2)
        assert second.HasField("heartbeat")
        assert second.cursor == first.cursor
        await place.send("ann")
        third = await reader.next()
        assert third.HasField("created")
        fourth = await reader.next(within_seconds=2)
        assert fourth.HasField("heartbeat")
        assert fourth.cursor == third.cursor


async def test_many_marks_at_once_arrive_in_pieces(place: Place) -> None:
    for _ in range(5):
        await place.send("ann", *[f"user-{number}" for number in range(50)])
    for _ in range(250):
        await place.send("ann")
    replica = Replica()
    async with place.reading("ann") as reader:
        replica.apply(await reader.next())
        assert await place.mark("ann", Mark.READ) == 255
        sizes: list[int] = []
        while replica.counts.unread_count or sum(sizes) < 255:
            message = await reader.next()
            sizes.append(len(message.changed.notifications))
            replica.apply(message)
    assert max(sizes) <= 100
    assert sum(sizes) == 255


async def test_a_filter_lets_through_what_it_names_and_counts_the_rest(place: Place) -> None:
    wanted = types_pb2.Filter(types=["scan.completed"])
    async with place.reading("ann", filter=wanted) as reader:
        await reader.next()
        (other,) = await place.send("ann", type_="invoice.paid")
        passed_over = await reader.next()
        assert passed_over.counts == types_pb2.Counts(total_count=1, unread_count=1, unseen_count=1)
        await place.send("ann", type_="scan.completed")
        created = (await reader.next()).created
        assert [each.type for each in created.notifications] == ["scan.completed"]
        assert created.counts.total_count == 2
        await place.mark("ann", Mark.READ, other)
        assert (await reader.next()).counts.unread_count == 1


async def test_a_filtered_snapshot_and_a_filtered_replay_agree(place: Place) -> None:
    wanted = types_pb2.Filter(labels={"team": "blue"}, category="builds", thread_key="main")
    async with place.reading("ann", filter=wanted) as reader:
        start = (await reader.next()).cursor
    fits: dict[str, Any] = {
        "category": "builds",
        "thread_key": "main",
        "labels": {"team": "blue", "env": "test"},
    }
    await place.send("ann", title="fits", **fits)
    await place.send("ann", title="red", **{**fits, "labels": {"team": "red"}})
    await place.send("ann", title="other thread", **{**fits, "thread_key": "other"})
    await place.send("ann", title="other category", **{**fits, "category": "other"})
    async with place.reading("ann", filter=wanted) as reader:
        snapshot = (await reader.next()).snapshot
    async with place.reading("ann", start, filter=wanted) as reader:
        replayed = await reader.next()
    assert [each.content.title for each in snapshot.notifications] == ["fits"]
    assert [each.content.title for each in replayed.created.notifications] == ["fits"]
    assert replayed.cursor == reader.cursor


async def test_a_filtered_stream_is_told_of_every_removal(place: Place) -> None:
    wanted = types_pb2.Filter(labels={"team": "blue"})
    (sent,) = await place.send("ann", labels={"team": "blue"})
    async with place.reading("ann", filter=wanted) as reader:
        await reader.next()
        await place.mark("ann", Mark.DELETE, sent)
        assert list((await reader.next()).removed.ids) == [str(sent)]


async def test_what_is_scheduled_does_not_show(place: Place) -> None:
    async with place.reading("ann", heartbeat=Duration(seconds=1)) as reader:
        start = await reader.next()
        await place.send("ann", deliver_time=tomorrow())
        heartbeat = await reader.next()
        assert heartbeat.HasField("heartbeat")
        assert heartbeat.cursor != start.cursor


async def test_an_erased_recipient_gets_a_new_and_empty_inbox(place: Place) -> None:
    await place.send("ann", title="private")
    replica = Replica()
    async with place.reading("ann") as reader:
        replica.apply(await reader.next())
        await place.recipients.delete(inbox_of("ann"), timeout=5)
        reset = await reader.next()
        assert reset.reset.cause == pb.SubscribeResponse.Reset.CAUSE_EPOCH_CHANGED
        replica.apply(await reader.next())
        assert replica.titles == []
        await place.send("ann", title="a new life")
        replica.apply(await reader.next())
    assert replica.titles == ["a new life"]
    assert replica.counts.total_count == 1


async def test_an_inbox_comes_into_being_with_its_first_stream(place: Place) -> None:
    async with asyncio.timeout(10), AsyncExitStack() as stack:
        readers = [await stack.enter_async_context(place.reading("new")) for _ in range(10)]
        cursors = {(await reader.next()).cursor for reader in readers}
    assert len(cursors) == 1
