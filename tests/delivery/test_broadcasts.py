"""Sends to topics and to everyone: who is told, and when."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from carillon_server.domain.broadcast import BroadcastState
from carillon_server.domain.errors import NotFound, Reason, Refusal
from carillon_server.domain.identity import Principal, Role
from carillon_server.domain.inbox import InboxAddress
from carillon_server.domain.send import BroadcastReceipt
from carillon_server.domain.topic import TopicMember
from carillon_server.services.cancel import CancelOutcome
from carillon_server.services.send import CancelSelector
from tests.delivery.house import PRODUCER, TENANT, House, payload
from tests.delivery.town import NEWS, Town, payload_with_data


@pytest.fixture
async def town(postgres_url: str, redis_url: str) -> AsyncIterator[Town]:
    async with House.open(postgres_url, redis_url) as house:
        yield Town(house)


async def test_each_member_is_told_once_and_counted(town: Town) -> None:
    names = await town.crowd(450)
    id_ = await town.begin()
    async with town.house.working():
        broadcast = await town.ended(id_)
    assert await town.told() == dict.fromkeys(names, 1)
    counts = (broadcast.audience_count, broadcast.processed_count, broadcast.notified_count)
    assert counts == (450, 450, 450)
    assert (broadcast.failed_count, broadcast.failure) == (0, "")


async def test_everyone_is_everyone_of_the_tenant(town: Town) -> None:
    await town.house.people("ada", "bob")
    await town.topic("eve", tenant="umbrella")
    id_ = await town.begin("")
    async with town.house.working():
        assert (await town.ended(id_)).notified_count == 2
    assert await town.told() == {"ada": 1, "bob": 1}


async def test_the_content_is_stored_once_and_read_everywhere(town: Town) -> None:
    await town.crowd(3)
    id_ = await town.begin()
    async with town.house.working():
        await town.ended(id_)
    rows = await town.house.database.fetch("SELECT payload, broadcast_id FROM notification")
    assert {(row["payload"], row["broadcast_id"]) for row in rows} == {(b"", id_.raw)}
    (content,) = await town.house.database.fetch("SELECT * FROM broadcast_content")
    assert content["payload"] == payload()
    told = [stored for change in town.house.changes for stored in change.notifications]
    assert {stored.payload for stored in told} == {payload()}


async def test_conditions_and_the_actor_leave_people_out(town: Town) -> None:
    await town.topic("actor", TopicMember("hot", "score > 5"), TopicMember("cold", "score <= 5"), "all")
    told = payload_with_data({"score": 7})
    id_ = await town.begin(payload=told, actor_id="actor")
    async with town.house.working():
        broadcast = await town.ended(id_)
    assert await town.told() == {"hot": 1, "all": 1}
    assert (broadcast.processed_count, broadcast.notified_count) == (4, 2)


async def test_who_joins_later_is_not_told_and_who_leaves_before_neither(town: Town) -> None:
    await town.topic("ada", "bob", "eve")
    id_ = await town.begin()
    await town.join("late")
    await town.topics.remove_members(TENANT, NEWS, ["bob"], timeout=5)
    await town.house.recipients.delete(InboxAddress(TENANT, "eve"), timeout=5)
    async with town.house.working():
        await town.ended(id_)
    assert await town.told() == {"ada": 1}


async def test_one_for_later_waits_and_can_be_called_off(town: Town) -> None:
    await town.topic("ada")
    soon = datetime.now(UTC) + timedelta(seconds=1.5)
    late = datetime.now(UTC) + timedelta(hours=1)
    ids = [await town.begin(deliver_time=time) for time in (soon, late)]
    async with town.house.working():
        await town.ended(ids[0])
        assert datetime.now(UTC) >= soon
        assert (await town.look(ids[1])).state is BroadcastState.PENDING
        cancelled = await town.house.broadcasts.cancel(PRODUCER, ids[1], timeout=5)
    assert (cancelled.state, cancelled.notified_count) == (BroadcastState.CANCELLED, 0)
    assert await town.told() == {"ada": 1}


async def test_one_that_has_expired_tells_nobody_more(town: Town) -> None:
    await town.topic("ada")
    id_ = await town.begin(expire_time=datetime.now(UTC) - timedelta(seconds=1))
    async with town.house.working():
        broadcast = await town.ended(id_, BroadcastState.FAILED)
    assert "expired" in broadcast.failure
    assert await town.told() == {}


async def test_the_same_request_begins_one_broadcast(town: Town) -> None:
    await town.topic("ada")
    same = {"request_id": "r1", "request_hash": b"h1"}
    receipts = await asyncio.gather(*(town.receipt(**same) for _ in range(8)))
    assert len({receipt.broadcast_id for receipt in receipts}) == 1
    await town.join("bob")
    assert await town.receipt(**same) == receipts[0]
    with pytest.raises(Refusal) as raised:
        await town.receipt(request_id="r1", request_hash=b"other")
    assert raised.value.reason is Reason.REQUEST_ID_REUSED
    async with town.house.working():
        await town.ended(await town.begin(**same))
    assert await town.told() == {"ada": 1}


async def test_a_dry_run_counts_and_begins_nothing(town: Town) -> None:
    await town.topic("ada", "bob")
    assert await town.receipt(dry_run=True) == BroadcastReceipt(None, 2)
    assert await town.house.database.fetch("SELECT 1 FROM broadcast") == []


async def test_a_topic_that_is_not_there_is_refused(town: Town) -> None:
    await town.topic("ada", tenant="umbrella")
    with pytest.raises(NotFound) as raised:
        await town.begin()
    assert raised.value.reason is Reason.TOPIC_NOT_FOUND


async def test_a_topic_deleted_meanwhile_has_nobody(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    await town.crowd(300)
    id_ = await town.begin()
    await town.topics.delete(TENANT, NEWS, timeout=5)
    async with town.house.working():
        assert (await town.ended(id_)).notified_count == 0
    assert await town.told() == {}


async def test_cancelling_the_request_cancels_its_broadcast(town: Town) -> None:
    await town.topic("ada")
    id_ = await town.begin(request_id="r1", request_hash=b"h1")
    outcome = await town.house.sends.cancel(PRODUCER, CancelSelector(request_id="r1"), timeout=5)
    assert outcome == CancelOutcome()
    assert (await town.look(id_)).state is BroadcastState.CANCELLED


async def test_others_neither_see_nor_stop_it(town: Town) -> None:
    await town.topic("ada")
    id_ = await town.begin()
    rival = Principal(TENANT, "rival", frozenset({Role.PRODUCER}))
    stranger = Principal("umbrella", PRODUCER.subject, frozenset({Role.OPERATOR}))
    for other in (rival, stranger):
        with pytest.raises(NotFound):
            await town.look(id_, other)
        with pytest.raises(NotFound):
            await town.house.broadcasts.cancel(other, id_, timeout=5)
        assert await town.house.broadcasts.list(other, page_size=9, after=None, timeout=5) == ([], None)
    operator = Principal(TENANT, "root", frozenset({Role.OPERATOR}))
    assert (await town.look(id_, operator)).state is BroadcastState.PENDING


async def test_what_is_ended_keeps_no_names(town: Town) -> None:
    await town.topic("ada")
    ids = [await town.begin(), await town.begin(deliver_time=datetime.now(UTC) + timedelta(hours=1))]
    async with town.house.working():
        await town.ended(ids[0])
    await town.house.broadcasts.cancel(PRODUCER, ids[1], timeout=5)
    rows = await town.house.database.fetch("SELECT position, request FROM broadcast")
    assert {(row["position"], row["request"]) for row in rows} == {("", b"")}
