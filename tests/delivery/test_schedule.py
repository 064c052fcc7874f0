"""Scheduled notifications appear once, at their time; expired ones go; old records are forgotten."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from carillon_server.domain.channel import Channel
from carillon_server.domain.delivery import DeliveryState
from carillon_server.domain.inbox import Counts, InboxAddress
from carillon_server.domain.inbox_query import Mark, Selection
from carillon_server.domain.notification import ChangeKind, Stage
from carillon_server.services.expire import ExpireService
from carillon_server.services.progress import IDLE
from carillon_server.services.prune import PruneService
from carillon_server.services.release import ReleaseService
from tests.delivery.gate import Gate
from tests.delivery.house import TENANT, House, no_wake, utc_now
from tests.delivery.relay import Relay
from tests.eventually import eventually

ANN = InboxAddress(TENANT, "ann")
_MAKE_DUE = "UPDATE notification SET deliver_time = now() WHERE stage = 0"
_EXPIRE = "UPDATE notification SET expire_time = now() WHERE expire_time IS NOT NULL"


def releaser(house: House) -> ReleaseService:
    return ReleaseService(house.database, house.changes.extend, no_wake, tenants=house.tenants)


async def schedule(house: House, *names: str, **fields: object) -> None:
    await house.send(*names, deliver_time=utc_now() + timedelta(hours=1), **fields)


async def stages(house: House) -> list[Stage]:
    rows = await house.database.fetch("SELECT stage FROM notification ORDER BY inbox_id, seq")
    return [Stage(row["stage"]) for row in rows]


async def test_a_scheduled_notification_appears_and_is_mailed_at_its_time(house: House, relay: Relay) -> None:
    await house.people("ann")
    async with house.working():
        await house.send("ann", deliver_time=utc_now() + timedelta(seconds=0.5))
        assert await stages(house) == [Stage.SCHEDULED]
        assert await house.deliveries() == []
        await relay.wait_for(1)
        await house.settled({DeliveryState.DELIVERED})
    (row,) = await house.database.fetch("SELECT *, now() >= deliver_time AS in_time FROM notification")
    assert (row["stage"], row["seq"], row["position"], row["change_version"]) == (Stage.VISIBLE, 1, 2, 2)
    assert row["in_time"]
    assert [change.kind for change in house.changes] == [ChangeKind.NOTHING, ChangeKind.CREATED]
    created = house.changes[-1]
    assert (created.first_version, created.state.version, created.notifications[0].position) == (2, 2, 2)
    assert await house.counts("ann") == Counts(total=1, unread=1, unseen=1) == await house.recount("ann")


async def test_releases_by_several_workers_at_once_happen_once(house: House) -> None:
    names = await house.crowd(30)
    for _ in range(4):
        await schedule(house, *names)
    await house.database.fetch(_MAKE_DUE)
    house.changes.clear()

    async def release_all() -> int:
        done = 0
        service = releaser(house)
        while (await service.release_due(25)) != IDLE or Stage.SCHEDULED in await stages(house):
            done += 1
        return done

    await asyncio.gather(*(release_all() for _ in range(3)))
    assert set(await stages(house)) == {Stage.VISIBLE}
    assert len(house.changes) == 120
    assert len(await house.deliveries()) == 120
    for name in names:
        assert await house.counts(name) == Counts(total=4, unread=4, unseen=4) == await house.recount(name)
        inbox_id = InboxAddress(TENANT, name).inbox_id
        versions = [change.first_version for change in house.changes if change.inbox_id == inbox_id]
        assert versions == [5, 6, 7, 8]


async def test_a_release_asks_for_the_preferences_of_its_moment(house: House) -> None:
    await house.people("ann", "bob")
    await schedule(house, "ann", "bob")
    await house.preferences.update(ANN, channels={Channel.IN_APP: False}, rules=None, timeout=5)
    bob = InboxAddress(TENANT, "bob")
    await house.preferences.update(bob, channels={Channel.EMAIL: False}, rules=None, timeout=5)
    await house.database.fetch(_MAKE_DUE)
    await releaser(house).release_due(10)
    rows = await house.database.fetch("SELECT inbox_id, stage, position FROM notification")
    by_inbox = {row["inbox_id"]: (row["stage"], row["position"]) for row in rows}
    assert by_inbox == {ANN.inbox_id: (Stage.HIDDEN, 0), bob.inbox_id: (Stage.VISIBLE, 2)}
    assert [row["inbox_id"] for row in await house.deliveries()] == [ANN.inbox_id]
    assert await house.counts("ann") == Counts()


async def test_a_released_notification_takes_the_place_of_unread_ones_with_its_key(house: House) -> None:
    await house.people("ann")
    await house.send("ann", collapse_key="build")
    for _ in range(3):
        await schedule(house, "ann", collapse_key="build")
    await house.database.fetch(_MAKE_DUE)
    house.changes.clear()
    service = releaser(house)
    while (await service.release_due(10)).more:
        pass
    assert await house.counts("ann") == Counts(total=1, unread=1, unseen=1) == await house.recount("ann")
    assert await stages(house) == [Stage.REMOVED, Stage.REMOVED, Stage.REMOVED, Stage.VISIBLE]
    kinds = [change.kind for change in house.changes]
    assert kinds == [ChangeKind.REMOVED, ChangeKind.CREATED] * 3
    assert [change.first_version for change in house.changes] == list(range(5, 11))
    states = [row["state"] for row in await house.deliveries()]
    assert states.count(DeliveryState.CANCELLED) == 3


async def test_what_expires_is_erased_and_called_back(house: House) -> None:
    await house.people("ann")
    later = utc_now() + timedelta(hours=1)
    await house.send("ann", expire_time=later, category="c")
    await house.send("ann", expire_time=later)
    await house.send("ann", category="c")
    await schedule(house, "ann", expire_time=later + timedelta(hours=1))
    await house.inboxes.mark(ANN, Mark.READ, Selection(until_version=1), timeout=5)
    await house.database.fetch(_EXPIRE)
    house.changes.clear()
    service = ExpireService(house.database, house.changes.extend)
    progress = await service.expire_due(10)
    assert (progress.done, progress.more) == (3, False)
    assert await service.expire_due(10) == IDLE
    assert await stages(house) == [Stage.REMOVED, Stage.REMOVED, Stage.VISIBLE, Stage.REMOVED]
    assert await house.counts("ann") == Counts(total=1, unread=1, unseen=1) == await house.recount("ann")
    kinds = [change.kind for change in house.changes]
    assert sorted(kinds) == [ChangeKind.REMOVED, ChangeKind.REMOVED, ChangeKind.NOTHING]
    assert [change.first_version for change in house.changes] == [6, 7, 8]
    counters = await house.database.fetch(
        "SELECT category, total, unread FROM inbox_counter ORDER BY category"
    )
    assert [tuple(row) for row in counters] == [("", 0, 0), ("c", 1, 1)]
    payloads = await house.database.fetch("SELECT payload FROM notification WHERE stage = 3")
    assert {row["payload"] for row in payloads} == {b""}
    reasons = {row["seq"]: row["finish_reason"] for row in await house.deliveries()}
    assert reasons == {1: "expired", 2: "expired", 3: None}


@pytest.mark.parametrize("limit", [3, 100])
async def test_a_backlog_is_worked_off_in_bounded_batches(house: House, limit: int) -> None:
    await house.people("ann")
    for _ in range(7):
        await house.send("ann", expire_time=utc_now() + timedelta(hours=1))
    await house.database.fetch(_EXPIRE)
    service = ExpireService(house.database, house.changes.extend)
    done = []
    while (progress := await service.expire_due(limit)) != IDLE:
        done.append(progress.done)
    assert done == ([3, 3, 1] if limit == 3 else [7])


async def test_a_worker_expires_by_itself(house: House) -> None:
    await house.people("ann")
    async with house.working({Channel.EMAIL: Gate(opened=True)}):
        await house.send("ann", expire_time=utc_now() + timedelta(seconds=0.3))

        async def gone() -> bool:
            return await stages(house) == [Stage.REMOVED]

        await eventually(gone)
    assert await house.counts("ann") == Counts()


async def test_old_tombstones_go_and_the_floor_tells_who_is_too_far_behind(house: House) -> None:
    await house.people("ann")
    for _ in range(4):
        await house.send("ann")
    await house.inboxes.mark(ANN, Mark.DELETE, Selection(until_version=3), timeout=5)
    await house.database.fetch(
        "UPDATE notification SET remove_time = now() - interval '2 days' WHERE seq < 3"
    )
    service = PruneService(
        house.database, request_retention_seconds=3600, tombstone_retention_seconds=24 * 3600
    )
    assert (await service.prune(10)).done == 2
    assert [
        row["seq"] for row in await house.database.fetch("SELECT seq FROM notification ORDER BY seq")
    ] == [3, 4]
    (inbox,) = await house.database.fetch("SELECT version, floor_version FROM inbox")
    assert (inbox["version"], inbox["floor_version"]) == (7, 6)
    assert {row["seq"] for row in await house.deliveries()} == {3, 4}


async def test_remembered_requests_are_forgotten_after_their_retention(house: House) -> None:
    await house.people("ann")
    for number in range(5):
        await house.send("ann", request_id=f"r{number}", request_hash=b"hash")
    await house.database.fetch(
        "UPDATE idempotency SET create_time = now() - interval '2 hours' WHERE request_id <> 'r4'"
    )
    service = PruneService(house.database, request_retention_seconds=3600, tombstone_retention_seconds=3600)
    assert [(await service.prune(3)).done for _ in range(3)] == [3, 1, 0]
    rows = await house.database.fetch("SELECT request_id FROM idempotency")
    assert [row["request_id"] for row in rows] == ["r4"]
