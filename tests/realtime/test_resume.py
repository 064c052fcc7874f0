"""Whoever comes back with a cursor gets everything after it, once and in order, or is told that it cannot."""

from __future__ import annotations

import asyncio
from base64 import urlsafe_b64decode, urlsafe_b64encode
from random import Random

import pytest

from carillon.v1 import notification_service_pb2 as pb
from carillon_server.domain.cursor import Cursor, CursorSealer
from carillon_server.domain.ids import NotificationId
from carillon_server.domain.inbox_query import Mark
from carillon_server.storage.inboxes import ensure_inboxes
from carillon_server.storage.installation import bump_installation_epoch
from tests.realtime.place import Place, inbox_of
from tests.realtime.reader import Reader, Replica

Reset = pb.SubscribeResponse.Reset


async def make_history(place: Place, rng: Random, steps: int) -> None:
    """Sends and marks at random."""
    sent: list[NotificationId] = []
    for step in range(steps):
        if not sent or rng.random() < 0.5:
            sent += await place.send("ann", title=str(step))
        else:
            mark = rng.choice([Mark.READ, Mark.UNREAD, Mark.ARCHIVE, Mark.PIN, Mark.DELETE])
            await place.mark("ann", mark, rng.choice(sent))


async def read_until(reader: Reader, cursor: str, replica: Replica) -> None:
    while reader.cursor != cursor:
        replica.apply(await reader.next())


async def test_resuming_at_every_point_gives_everything_after_it(place: Place) -> None:
    rng = Random(7)
    live: list[pb.SubscribeResponse] = []
    async with place.reading("ann") as reader:
        live.append(await reader.next())
        await make_history(place, rng, 60)
        last = (await place.inboxes.counts(inbox_of("ann"), timeout=5)).state.version
        while _version(live[-1].cursor) < last:
            live.append(await reader.next())
    expected = Replica()
    for message in live:
        expected.apply(message)
    for cut in range(1, len(live) + 1):
        replica = Replica()
        for message in live[:cut]:
            replica.apply(message)
        async with place.reading("ann", live[cut - 1].cursor) as reader:
            first = await reader.next()
            replica.apply(first)
            await read_until(reader, live[-1].cursor, replica)
        assert first.HasField("heartbeat") == (cut == len(live))
        assert replica.resets == 0
        assert replica.shown == expected.shown
        assert replica.counts == expected.counts


async def test_a_long_absence_is_made_up_in_order(place: Place) -> None:
    async with place.reading("ann") as reader:
        start = (await reader.next()).cursor
    for number in range(260):
        await place.send("ann", title=str(number))
    replica = Replica()
    async with place.reading("ann", start) as reader:
        while len(replica.order) < 260:
            message = await reader.next()
            assert len(message.created.notifications) <= 100
            replica.apply(message)
    assert replica.titles == [str(number) for number in range(260)]


async def test_each_notification_is_told_once_in_its_latest_state(place: Place) -> None:
    async with place.reading("ann") as reader:
        start = (await reader.next()).cursor
    (sent,) = await place.send("ann")
    for mark in (Mark.READ, Mark.UNREAD, Mark.SEEN, Mark.PIN):
        await place.mark("ann", mark, sent)
    (gone,) = await place.send("ann")
    await place.mark("ann", Mark.DELETE, gone)
    async with place.reading("ann", start) as reader:
        message = await reader.next()
        await place.send("ann", title="next")
        following = await reader.next()
    (told,) = message.created.notifications
    assert (told.id, told.HasField("read_time"), told.HasField("pin_time")) == (str(sent), False, True)
    assert [each.content.title for each in following.created.notifications] == ["next"]


async def test_nothing_is_lost_between_the_read_and_the_live_events(place: Place) -> None:
    """Streams are opened in the midst of writing; none may miss or repeat a version."""
    total = 120

    async def write() -> None:
        for number in range(total):
            await place.send("ann", title=str(number))

    async def follow() -> list[str]:
        replica = Replica()
        async with place.reading("ann", snapshot_size=100) as reader:
            replica.apply(await reader.next())
            while replica.counts.total_count < total:
                replica.apply(await reader.next())
        return replica.titles

    writing = asyncio.create_task(write())
    following: list[asyncio.Task[list[str]]] = []
    while not writing.done() and len(following) < place.settings.max_streams_per_user:
        following.append(asyncio.create_task(follow()))
        await asyncio.wait([writing], timeout=0.01)
    expected = [str(number) for number in range(total)]
    for titles in await asyncio.gather(*following):
        assert titles == expected[total - len(titles) :]
        assert len(titles) >= 20


async def test_what_is_sent_while_a_stream_opens_is_told(postgres_url: str) -> None:
    """With neither hints nor polls to find what falls between."""
    rng = Random(5)
    async with Place.open(postgres_url, "redis://127.0.0.1:1/0", stream_poll_seconds=600) as place:
        await ensure_inboxes(place.database, [inbox_of(f"user-{number}") for number in range(150)])

        async def open_and_send(user: str) -> None:
            replica = Replica()
            async with place.reading(user) as reader:
                # Not to wait for anything: to hit the opening at another place each time.
                await asyncio.sleep(rng.uniform(0, 0.02))
                await place.send(user)
                while not replica.order:
                    replica.apply(await reader.next())

        for start in range(0, 150, 10):
            await asyncio.gather(*(open_and_send(f"user-{number}") for number in range(start, start + 10)))


async def test_a_cursor_of_the_list_continues_the_list(place: Place) -> None:
    await place.send("ann", title="on the page")
    state = (await place.inboxes.counts(inbox_of("ann"), timeout=5)).state
    cursor = seal(place, state.epoch, state.version)
    await place.send("ann", title="after the page")
    async with place.reading("ann", cursor) as reader:
        created = (await reader.next()).created
    assert [each.content.title for each in created.notifications] == ["after the page"]


async def test_a_cursor_that_is_not_ours_is_refused(place: Place) -> None:
    async with place.reading("ann") as reader:
        cursor = (await reader.next()).cursor
    raw = urlsafe_b64decode(cursor)
    tampered = [urlsafe_b64encode(raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :]) for at in range(len(raw))]
    strangers = CursorSealer([b"another key of 32 bytes, not ours"])
    for wrong in [
        "x",
        cursor[:-1],
        cursor + "A",
        strangers.seal(Cursor(inbox_of("ann").inbox_id, place.installation.epoch, 1, 1)),
        *[token.decode() for token in tampered],
    ]:
        async with place.reading("ann", wrong) as reader:
            assert await reader.end() == "CURSOR_INVALID"
    async with place.reading("bob", cursor) as reader:
        assert await reader.end() == "CURSOR_INVALID"


async def expect_reset(place: Place, cursor: str, cause: Reset.Cause.ValueType) -> None:
    async with place.reading("ann", cursor) as reader:
        first, second = await reader.next(), await reader.next()
        assert first.reset.cause == cause
        assert first.cursor == cursor
        assert [each.content.title for each in second.snapshot.notifications] == ["new", "old"]
        await place.send("ann", title="live")
        assert (await reader.next()).HasField("created")


@pytest.fixture
async def history(place: Place) -> Cursor:
    """Where ann's inbox stood after "old"; "new" came after."""
    await place.send("ann", title="old")
    state = (await place.inboxes.counts(inbox_of("ann"), timeout=5)).state
    await place.send("ann", title="new")
    return Cursor(inbox_of("ann").inbox_id, place.installation.epoch, state.epoch, state.version)


async def test_a_cursor_older_than_what_is_kept_starts_afresh(place: Place, history: Cursor) -> None:
    await place.database.fetch("UPDATE inbox SET floor_version = version")
    cursor = seal(place, history.inbox_epoch, history.version)
    await expect_reset(place, cursor, Reset.CAUSE_TOO_OLD)


async def test_a_cursor_of_an_erased_inbox_starts_afresh(place: Place, history: Cursor) -> None:
    cursor = seal(place, history.inbox_epoch - 1, history.version)
    await expect_reset(place, cursor, Reset.CAUSE_EPOCH_CHANGED)


async def test_a_cursor_from_before_a_restore_starts_afresh(place: Place, history: Cursor) -> None:
    cursor = seal(place, history.inbox_epoch, history.version)
    await bump_installation_epoch(place.database)
    await place.installation.refresh()
    await expect_reset(place, cursor, Reset.CAUSE_EPOCH_CHANGED)


async def test_a_cursor_ahead_of_the_inbox_starts_afresh(place: Place, history: Cursor) -> None:
    cursor = seal(place, history.inbox_epoch, history.version + 100)
    await expect_reset(place, cursor, Reset.CAUSE_FUTURE)


async def test_open_streams_start_afresh_after_a_restore(place: Place) -> None:
    await place.send("ann", title="kept")
    async with place.reading("ann") as reader:
        await reader.next()
        await bump_installation_epoch(place.database)
        assert (await reader.next()).reset.cause == Reset.CAUSE_EPOCH_CHANGED
        snapshot = await reader.next()
        assert [each.content.title for each in snapshot.snapshot.notifications] == ["kept"]
    async with place.reading("ann", snapshot.cursor) as reader:
        assert (await reader.next()).HasField("heartbeat")


async def test_open_streams_start_afresh_when_the_database_went_back(place: Place) -> None:
    """As after a copy of the disk was put back, which the server itself does not tell."""
    await place.send("ann", title="kept")
    await place.send("ann", title="lost")
    async with place.reading("ann") as reader:
        await reader.next()
        await place.database.fetch("DELETE FROM notification WHERE change_version = 2")
        await place.database.fetch("UPDATE inbox SET version = 1, total = 1, unread = 1, unseen = 1")
        assert (await reader.next()).reset.cause == Reset.CAUSE_FUTURE
        snapshot = (await reader.next()).snapshot
        assert [each.content.title for each in snapshot.notifications] == ["kept"]
        await place.send("ann", title="anew")
        assert [each.content.title for each in (await reader.next()).created.notifications] == ["anew"]


def seal(place: Place, inbox_epoch: int, version: int) -> str:
    sealer = CursorSealer(place.settings.raw_secret_keys)
    return sealer.seal(Cursor(inbox_of("ann").inbox_id, place.installation.epoch, inbox_epoch, version))


def _version(cursor: str) -> int:
    raw = urlsafe_b64decode(cursor)
    return int.from_bytes(raw[-16:-8], "big")
