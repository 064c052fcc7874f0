"""Notifications of a broadcast, whose content is stored once, read as any other."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest

from carillon.v1 import types_pb2
from carillon_server.domain.channel import Channel
from carillon_server.domain.ids import NotificationId
from carillon_server.domain.inbox import InboxAddress
from carillon_server.domain.inbox_query import InboxFilter, Mark, Selection
from carillon_server.domain.notification import ChangeKind, StoredNotification
from carillon_server.services.cancel import Canceller
from carillon_server.services.expire import ExpireService
from carillon_server.services.release import ReleaseService
from carillon_server.storage.changes import read_changes, read_snapshot
from tests.delivery.catalog_rows import put_parts, share
from tests.delivery.house import PRODUCER, TENANT, House, no_wake, payload, utc_now

ANN = InboxAddress(TENANT, "ann")
ALL = InboxFilter()
CANARY = "zanzibar"
_TABLES = """
SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' AND table_type = 'BASE TABLE'
"""


def titles(found: Sequence[StoredNotification]) -> list[str]:
    return [types_pb2.Notification.FromString(each.payload).content.title for each in found]


@pytest.fixture
async def mixed(house: House) -> House:
    """Ann has one of her own, then two of broadcasts."""
    await house.send("ann", payload=payload("own"))
    action = types_pb2.Action(id="accept", label="Accept")
    for seq in (2, 3):
        await house.send("ann", payload=payload("unused"))
        await share(house.database, ANN, seq, seq, payload(f"shared {seq}", actions=[action]), {})
    house.changes.clear()
    return house


async def test_pages_show_it(mixed: House) -> None:
    page = await mixed.inboxes.list(ANN, ALL, page_size=10, before_position=None, timeout=5)
    assert titles(page.notifications) == ["shared 3", "shared 2", "own"]


async def test_a_single_one_shows_it_to_person_and_sender(mixed: House) -> None:
    asked = NotificationId(ANN.inbox_id, 2)
    found = await mixed.inboxes.get(ANN, asked, timeout=5)
    sent = await mixed.inboxes.get_sent(PRODUCER, asked, timeout=5)
    assert titles([found, sent]) == ["shared 2", "shared 2"]


async def test_snapshots_show_it(mixed: House) -> None:
    snapshot = await read_snapshot(mixed.database, ANN, ALL, size=10, max_bytes=10_000)
    assert snapshot is not None
    assert titles(snapshot.notifications) == ["shared 3", "shared 2", "own"]


async def test_replays_show_it(mixed: House) -> None:
    page = await read_changes(mixed.database, ANN, 0, limit=10, max_bytes=10_000)
    assert page is not None
    assert (titles(page.notifications), page.complete) == (["own", "shared 2", "shared 3"], True)


async def test_shared_bytes_count_against_the_limits_of_snapshot_and_replay(house: House) -> None:
    for seq in (1, 2, 3):
        await house.send("ann")
        await share(house.database, ANN, seq, seq, payload(body="x" * 1_000), {})
    page = await read_changes(house.database, ANN, 0, limit=10, max_bytes=1_500)
    snapshot = await read_snapshot(house.database, ANN, ALL, size=10, max_bytes=1_500)
    assert page is not None
    assert snapshot is not None
    assert [len(page.notifications), len(snapshot.notifications), page.complete] == [2, 2, False]


async def test_a_mark_tells_other_devices_all_of_it(mixed: House) -> None:
    await mixed.inboxes.mark(ANN, Mark.READ, Selection(), timeout=5)
    (change,) = mixed.changes
    assert titles(change.notifications) == ["own", "shared 2", "shared 3"]


async def test_its_buttons_can_be_pressed(mixed: House) -> None:
    pressed = NotificationId(ANN.inbox_id, 3)
    stored, _ = await mixed.inboxes.record_action(ANN, pressed, "accept", timeout=5)
    assert (stored.action_id, titles([stored])) == ("accept", ["shared 3"])


async def test_a_scheduled_one_appears_with_it(house: House) -> None:
    await house.send("ann", deliver_time=utc_now() + timedelta(hours=1))
    await share(house.database, ANN, 1, 0, payload("shared"), {})
    await house.database.fetch("UPDATE notification SET deliver_time = now()")
    release = ReleaseService(house.database, house.changes.extend, no_wake, tenants=house.tenants)
    await release.release_due(10)
    assert house.changes[-1].kind is ChangeKind.CREATED
    assert titles(house.changes[-1].notifications) == ["shared"]


async def canary(house: House) -> list[str]:
    """The tables in which it can be read."""
    names = sorted(row[0] for row in await house.database.fetch(_TABLES))
    sql = "SELECT 1 FROM {} t WHERE t::text LIKE '%' || $1 || '%' OR t::text LIKE '%' || $2 || '%' LIMIT 1"
    return [
        name
        for name in names
        if await house.database.fetchrow(sql.format(name), CANARY, CANARY.encode().hex())
    ]


async def personal(house: House, **fields: object) -> None:
    """One of ann's own whose words are all over the tables."""
    await house.people("ann")
    await house.send("ann", payload=payload(CANARY), labels={"project": CANARY}, **fields)
    await put_parts(house.database, ANN, 1, {Channel.EMAIL: {"subject": CANARY, "text": CANARY}})
    assert await canary(house) == ["notification", "notification_part"]


async def test_a_deleted_one_can_be_read_nowhere(house: House) -> None:
    await personal(house)
    await house.inboxes.mark(ANN, Mark.DELETE, Selection(), timeout=5)
    assert await canary(house) == []


async def test_an_expired_one_can_be_read_nowhere(house: House) -> None:
    await personal(house, expire_time=utc_now() + timedelta(hours=1))
    await house.database.fetch("UPDATE notification SET expire_time = now()")
    await ExpireService(house.database, house.changes.extend).expire_due(10)
    assert await canary(house) == []


async def test_a_cancelled_one_can_be_read_nowhere(house: House) -> None:
    await personal(house, deliver_time=utc_now() + timedelta(hours=1))
    cancels = Canceller(house.database, house.changes.extend)
    await cancels.cancel(TENANT, [NotificationId(ANN.inbox_id, 1)], None, timeout=5)
    assert await canary(house) == []


async def test_a_replaced_one_can_be_read_nowhere(house: House) -> None:
    await personal(house, collapse_key="build")
    await house.send("ann", collapse_key="build")
    assert await canary(house) == []


async def test_the_words_for_an_erased_person_can_be_read_nowhere(house: House) -> None:
    await personal(house)
    await house.recipients.delete(ANN, timeout=5)
    assert await canary(house) == []


async def test_a_mark_that_is_no_removal_leaves_the_words_of_other_channels(house: House) -> None:
    await personal(house)
    await house.inboxes.mark(ANN, Mark.ARCHIVE, Selection(), timeout=5)
    assert await canary(house) == ["notification", "notification_part"]


async def test_the_tombstone_of_a_shared_one_does_not_lead_to_the_content(mixed: House) -> None:
    ids = Selection(ids=(NotificationId(ANN.inbox_id, 2),))
    await mixed.inboxes.mark(ANN, Mark.DELETE, ids, timeout=5)
    page = await read_changes(mixed.database, ANN, 3, limit=10, max_bytes=10_000)
    assert page is not None
    assert [each.payload for each in page.notifications] == [b""]
    assert [each.payload for each in mixed.changes[-1].notifications] == [b""]
