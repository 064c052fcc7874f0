"""Marks move rows, counters and version together, and are idempotent."""

from __future__ import annotations

import asyncio
import random

import pytest

from carillon_server.domain.errors import NotFound, Reason, Refusal
from carillon_server.domain.ids import NotificationId
from carillon_server.domain.inbox import Counts, InboxAddress
from carillon_server.domain.inbox_query import InboxFilter, Mark, Selection
from carillon_server.domain.preferences import MuteKind, MuteTarget
from tests.services.conftest import PRODUCER, Core, utc_now

ANN = InboxAddress("acme", "ann")


async def send_one(core: Core, **fields: object) -> NotificationId:
    notification_id = (await core.send("ann", **fields)).results[0].notification_id
    assert notification_id is not None
    return notification_id


async def mark(core: Core, mark: Mark, *ids: NotificationId) -> tuple[int, Counts]:
    selection = Selection(ids=ids) if ids else Selection()
    outcome = await core.inboxes.mark(ANN, mark, selection, timeout=5)
    return outcome.changed, outcome.state.counts


@pytest.mark.parametrize(
    ("first", "counts"),
    [
        (Mark.READ, Counts(total=2, unread=1, unseen=1)),
        (Mark.SEEN, Counts(total=2, unread=2, unseen=1)),
        (Mark.ARCHIVE, Counts(total=1, unread=1, unseen=1, archived=1)),
        (Mark.PIN, Counts(total=2, unread=2, unseen=2)),
        (Mark.DELETE, Counts(total=1, unread=1, unseen=1)),
    ],
)
async def test_a_mark_changes_counters_once(core: Core, first: Mark, counts: Counts) -> None:
    target = await send_one(core)
    await send_one(core)
    assert await mark(core, first, target) == (1, counts)
    assert await mark(core, first, target) == (0, counts)
    assert counts == await core.recount(ANN)


@pytest.mark.parametrize(
    ("there", "back"),
    [(Mark.READ, Mark.UNREAD), (Mark.ARCHIVE, Mark.UNARCHIVE), (Mark.PIN, Mark.UNPIN)],
)
async def test_a_mark_can_be_taken_back(core: Core, there: Mark, back: Mark) -> None:
    target = await send_one(core)
    before = await core.inboxes.get(ANN, target, timeout=5)
    await mark(core, Mark.SEEN, target)
    await mark(core, there, target)
    assert (await mark(core, back, target))[0] == 1
    after = await core.inboxes.get(ANN, target, timeout=5)
    assert (after.read_time, after.archive_time, after.pin_time) == (
        before.read_time,
        before.archive_time,
        before.pin_time,
    )


async def test_all_means_what_matches_and_was_there_at_the_cursor(core: Core) -> None:
    await send_one(core, type="a")
    await send_one(core, type="b")
    until = (await core.inboxes.counts(ANN, timeout=5)).state.version
    await send_one(core, type="a")
    selection = Selection(filter=InboxFilter(types=("a",)), until_version=until)
    outcome = await core.inboxes.mark(ANN, Mark.READ, selection, timeout=5)
    assert (outcome.changed, outcome.state.counts.unread) == (1, 2)


async def test_ids_of_other_inboxes_are_passed_over(core: Core) -> None:
    foreign = (await core.send("bob")).results[0].notification_id
    assert foreign is not None
    assert (await mark(core, Mark.READ, foreign))[0] == 0
    with pytest.raises(NotFound):
        await core.inboxes.get(ANN, foreign, timeout=5)


async def test_counters_equal_a_recount_after_a_storm(core: Core) -> None:
    rng = random.Random(11)
    ids = [await send_one(core, type=f"t{number % 3}", category=f"c{number % 2}") for number in range(30)]

    async def storm() -> None:
        for _ in range(25):
            if rng.random() < 0.3:
                await core.send("ann", type=f"t{rng.randrange(3)}", collapse_key=rng.choice(["", "k"]))
            else:
                chosen = rng.sample(ids, rng.randrange(1, 6))
                await core.inboxes.mark(ANN, rng.choice(list(Mark)), Selection(ids=tuple(chosen)), timeout=10)

    await asyncio.gather(*(storm() for _ in range(8)))
    counted = await core.inboxes.counts(ANN, timeout=5)
    assert counted.state.counts == await core.recount(ANN)
    for parts in (counted.by_type, counted.by_category, counted.by_priority):
        assert sum(parts.values(), Counts()) == counted.state.counts
    latest = await core.database.fetchrow(
        "SELECT max(change_version), count(DISTINCT change_version) = count(*) FROM notification"
        " WHERE inbox_id = $1",
        ANN.inbox_id,
    )
    assert latest is not None
    assert tuple(latest) == (counted.state.version, True)


async def test_pages_follow_each_other_without_overlap(core: Core) -> None:
    sent = [await send_one(core) for _ in range(7)]
    found: list[NotificationId] = []
    position = None
    while True:
        page = await core.inboxes.list(ANN, InboxFilter(), page_size=3, before_position=position, timeout=5)
        found += [notification.id for notification in page.notifications]
        position = page.next_position
        if position is None:
            break
    assert found == sent[::-1]


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (InboxFilter(types=("a", "z")), [0, 3]),
        (InboxFilter(category="money"), [1]),
        (InboxFilter(labels={"project": "x"}), [2]),
        (InboxFilter(thread_key="t"), [3]),
        (InboxFilter(unread=False), [0]),
        (InboxFilter(archived=True), [4]),
        (InboxFilter(types=("a",), unread=True), [3]),
    ],
)
async def test_filters(core: Core, wanted: InboxFilter, expected: list[int]) -> None:
    ids = [
        await send_one(core, type="a"),
        await send_one(core, type="b", category="money"),
        await send_one(core, type="b", labels={"project": "x", "scan": "1"}),
        await send_one(core, type="a", thread_key="t"),
        await send_one(core, type="c"),
    ]
    await mark(core, Mark.READ, ids[0])
    await mark(core, Mark.ARCHIVE, ids[4])
    page = await core.inboxes.list(ANN, wanted, page_size=10, before_position=None, timeout=5)
    assert [notification.id for notification in page.notifications] == [ids[number] for number in expected][
        ::-1
    ]


async def test_the_first_action_is_kept(core: Core) -> None:
    target = await send_one(core)
    stored, state = await core.inboxes.record_action(ANN, target, "accept", timeout=5)
    again, same = await core.inboxes.record_action(ANN, target, "accept", timeout=5)
    assert (stored.action_id, again, same) == ("accept", stored, state)
    with pytest.raises(Refusal) as refusal:
        await core.inboxes.record_action(ANN, target, "decline", timeout=5)
    assert refusal.value.reason is Reason.ACTION_ALREADY_TAKEN
    with pytest.raises(NotFound) as missing:
        await core.inboxes.record_action(ANN, target, "explode", timeout=5)
    assert missing.value.reason is Reason.ACTION_NOT_FOUND
    assert (await core.inboxes.get_sent(PRODUCER, target, timeout=5)).action_id == "accept"


async def test_a_device_learns_what_to_drop(core: Core) -> None:
    kept, read, archived, deleted = [await send_one(core) for _ in range(4)]
    await mark(core, Mark.READ, read)
    await mark(core, Mark.ARCHIVE, archived)
    await mark(core, Mark.DELETE, deleted)
    shown = [kept, read, archived, deleted]
    assert await core.inboxes.reconcile(ANN, shown, timeout=5) == [read, archived, deleted]


async def test_what_is_muted_or_switched_off_is_not_in_the_inbox(core: Core) -> None:
    await core.preferences.mute(ANN, MuteTarget(MuteKind.LABEL, "folder", "spam"), None, timeout=5)
    muted = await core.send("ann", labels={"folder": "spam"})
    assert muted.results[0].notification_id is not None
    assert (await core.inboxes.counts(ANN, timeout=5)).state.counts == Counts()
    await core.preferences.unmute(ANN, MuteTarget(MuteKind.LABEL, "folder", "spam"), timeout=5)
    await core.send("ann", labels={"folder": "spam"})
    assert (await core.inboxes.counts(ANN, timeout=5)).state.counts.total == 1


async def test_erasing_a_recipient_leaves_no_row_of_theirs(core: Core) -> None:
    await send_one(core)
    await core.inboxes.ack(ANN, "phone", 1, timeout=5)
    await core.preferences.mute(ANN, MuteTarget(MuteKind.TYPE, "x"), utc_now().replace(year=2100), timeout=5)
    await core.recipients.delete(ANN, timeout=5)
    tables = await core.database.fetch(
        "SELECT table_name FROM information_schema.columns WHERE column_name = 'inbox_id'"
        " AND table_schema = 'public'"
    )
    assert len(tables) >= 9
    for table in tables:
        rows = await core.database.fetch(f"SELECT 1 FROM {table[0]} WHERE inbox_id = $1", ANN.inbox_id)
        assert not rows, table[0]
