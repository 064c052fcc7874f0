"""Types say how long notifications are kept: first in the inbox, then in the archive."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from carillon_server.domain.channel import Channel
from carillon_server.domain.delivery import DeliveryState
from carillon_server.domain.ids import NotificationId
from carillon_server.domain.inbox import Counts, InboxAddress
from carillon_server.domain.inbox_query import InboxFilter, Mark, Selection
from carillon_server.domain.notification import ChangeKind, Stage
from carillon_server.services.progress import IDLE
from carillon_server.services.retain import RetainService
from carillon_server.storage.retention import find_retained, read_retained
from tests.delivery.catalog_rows import put_parts, share
from tests.delivery.house import TENANT, House, payload, utc_now
from tests.eventually import eventually

ANN = InboxAddress(TENANT, "ann")
_DUE = "UPDATE notification SET retain_time = now(), keep_archived_seconds = $1 WHERE inbox_id = $2"
_KEEP = "UPDATE notification SET keep_archived_seconds = $1"
_ROW = "SELECT * FROM notification WHERE inbox_id = $1 AND seq = $2"
_LEFT = "SELECT extract(epoch FROM retain_time - archive_time)::float8 FROM notification"


def service(house: House) -> RetainService:
    return RetainService(house.database, house.changes.extend)


async def make_due(house: House, keep_seconds: int | None = None, name: str = "ann") -> None:
    await house.database.fetch(_DUE, keep_seconds, InboxAddress(TENANT, name).inbox_id)


async def stage(house: House, seq: int = 1) -> Stage:
    row = await house.database.fetchrow(_ROW, ANN.inbox_id, seq)
    assert row is not None
    return Stage(row["stage"])


async def consistent(house: House, expected: Counts, name: str = "ann") -> None:
    assert await house.counts(name) == expected == await house.recount(name)


async def test_what_has_been_in_the_inbox_for_long_enough_is_archived(house: House) -> None:
    await house.send("ann", category="c")
    await house.send("ann", category="c")
    await house.inboxes.mark(ANN, Mark.READ, Selection(until_version=1), timeout=5)
    await make_due(house)
    house.changes.clear()
    assert (await service(house).retain_due(10)).done == 2
    await consistent(house, Counts(archived=2))
    assert [change.kind for change in house.changes] == [ChangeKind.CHANGED] * 2
    assert [change.first_version for change in house.changes] == [4, 5]
    assert house.changes[-1].state.counts == Counts(archived=2)
    (row,) = await house.database.fetch("SELECT total, unread, unseen, archived FROM inbox_counter")
    assert tuple(row) == (0, 0, 0, 2)


async def test_what_streams_are_told_is_what_is_stored(house: House) -> None:
    await house.send("ann")
    await make_due(house)
    await service(house).retain_due(10)
    (told,) = house.changes[-1].notifications
    assert told == await house.inboxes.get(ANN, NotificationId(ANN.inbox_id, 1), timeout=5)


async def test_without_a_time_in_the_archive_it_stays_there(house: House) -> None:
    await house.send("ann")
    await make_due(house)
    assert (await service(house).retain_due(10)).done == 1
    assert await service(house).retain_due(10) == IDLE
    await consistent(house, Counts(archived=1))


async def test_what_has_been_in_the_archive_for_long_enough_goes_for_good(house: House) -> None:
    await house.people("ann")
    await house.send("ann")
    await put_parts(house.database, ANN, 1, {Channel.EMAIL: {"subject": "s", "text": "t"}})
    await make_due(house, keep_seconds=3_600)
    await service(house).retain_due(10)
    assert [row[0] for row in await house.database.fetch(_LEFT)] == [3_600]
    assert await service(house).retain_due(10) == IDLE
    await make_due(house, keep_seconds=3_600)
    house.changes.clear()
    assert (await service(house).retain_due(10)).done == 1
    assert await stage(house) is Stage.REMOVED
    await consistent(house, Counts())
    assert [change.kind for change in house.changes] == [ChangeKind.REMOVED]
    assert await house.database.fetch("SELECT 1 FROM notification_part") == []
    (row,) = await house.deliveries()
    assert (row["state"], row["finish_reason"]) == (DeliveryState.CANCELLED, "retention")
    assert await service(house).retain_due(10) == IDLE


async def test_a_shared_one_is_archived_with_its_content(house: House) -> None:
    await house.send("ann")
    await share(house.database, ANN, 1, 0, payload("shared"), {})
    await make_due(house)
    await service(house).retain_due(10)
    (told,) = house.changes[-1].notifications
    assert told.payload == payload("shared")


async def test_who_archives_something_has_it_kept_for_as_long(house: House) -> None:
    await house.send("ann")
    await house.database.fetch(_KEEP, 60)
    await house.inboxes.mark(ANN, Mark.ARCHIVE, Selection(), timeout=5)
    assert [row[0] for row in await house.database.fetch(_LEFT)] == [60]


async def test_what_somebody_archived_is_kept_where_the_type_names_no_end(house: House) -> None:
    await house.send("ann")
    await make_due(house)
    await house.inboxes.mark(ANN, Mark.ARCHIVE, Selection(), timeout=5)
    assert await service(house).retain_due(10) == IDLE
    await consistent(house, Counts(archived=1))


async def test_what_somebody_takes_out_of_the_archive_stays_out(house: House) -> None:
    await house.send("ann")
    await make_due(house, keep_seconds=60)
    await service(house).retain_due(10)
    await house.inboxes.mark(ANN, Mark.UNARCHIVE, Selection(), timeout=5)
    assert await service(house).retain_due(10) == IDLE
    (row,) = await house.database.fetch("SELECT retain_time FROM notification")
    assert row["retain_time"] is None
    await consistent(house, Counts(total=1, unread=1, unseen=1))
    await house.inboxes.mark(ANN, Mark.ARCHIVE, Selection(), timeout=5)
    assert [row[0] for row in await house.database.fetch(_LEFT)] == [60]


_MEANWHILE = {
    "pinned": "pin_time = now()",
    "removed": "stage = 3",
    "archived": "archive_time = now(), retain_time = now() + interval '1 hour'",
    "taken out": "retain_time = NULL",
}


@pytest.mark.parametrize("change", _MEANWHILE.values(), ids=_MEANWHILE)
async def test_what_changed_before_its_inbox_was_locked_is_passed_over(house: House, change: str) -> None:
    await house.send("ann")
    await make_due(house)
    async with house.database.connection() as connection:
        keys = await find_retained(connection, 10)
        assert len(await read_retained(connection, keys)) == 1
        await connection.execute(f"UPDATE notification SET {change}")
        assert await read_retained(connection, keys) == []


@pytest.mark.parametrize("archived", [False, True])
async def test_what_is_pinned_stays_until_it_is_not(house: House, *, archived: bool) -> None:
    await house.send("ann")
    if archived:
        await house.inboxes.mark(ANN, Mark.ARCHIVE, Selection(), timeout=5)
    select = Selection(filter=InboxFilter(archived=archived))
    await house.inboxes.mark(ANN, Mark.PIN, select, timeout=5)
    await make_due(house)
    assert await service(house).retain_due(10) == IDLE
    await house.inboxes.mark(ANN, Mark.UNPIN, select, timeout=5)
    assert (await service(house).retain_due(10)).done == 1
    await consistent(house, Counts() if archived else Counts(archived=1))


async def test_what_was_never_in_the_inbox_goes_after_both_times(house: House) -> None:
    await house.people("ann")
    await house.send("ann", channels=(Channel.EMAIL,))
    await make_due(house, keep_seconds=60)
    house.changes.clear()
    await service(house).retain_due(10)
    assert await stage(house) is Stage.HIDDEN
    await make_due(house, keep_seconds=60)
    await service(house).retain_due(10)
    assert await stage(house) is Stage.REMOVED
    assert [change.kind for change in house.changes] == [ChangeKind.NOTHING] * 2
    await consistent(house, Counts())


async def test_what_is_scheduled_is_not_old_yet(house: House) -> None:
    await house.send("ann", deliver_time=utc_now() + timedelta(hours=1))
    await make_due(house)
    assert await service(house).retain_due(10) == IDLE
    assert await stage(house) is Stage.SCHEDULED


async def test_several_workers_at_once_archive_each_once(house: House) -> None:
    names = await house.crowd(12)
    for _ in range(5):
        await house.send(*names)
    await house.database.fetch("UPDATE notification SET retain_time = now()")
    house.changes.clear()

    async def retain_all() -> None:
        while await house.database.fetchrow("SELECT 1 FROM notification WHERE retain_time IS NOT NULL"):
            await service(house).retain_due(7)

    await asyncio.gather(*(retain_all() for _ in range(3)))
    assert len(house.changes) == 60
    for name in names:
        await consistent(house, Counts(archived=5), name)
        inbox_id = InboxAddress(TENANT, name).inbox_id
        versions = [change.first_version for change in house.changes if change.inbox_id == inbox_id]
        assert versions == [6, 7, 8, 9, 10]


async def test_a_worker_archives_and_removes_by_itself(house: House) -> None:
    await house.send("ann")
    async with house.working():
        await make_due(house, keep_seconds=1)

        async def gone() -> bool:
            return await stage(house) is Stage.REMOVED

        await eventually(gone, within_seconds=10)
    kinds = [change.kind for change in house.changes]
    assert kinds == [ChangeKind.CREATED, ChangeKind.CHANGED, ChangeKind.REMOVED]
    await consistent(house, Counts())
