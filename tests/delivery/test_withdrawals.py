"""What is asked again in the transaction of each attempt."""

from __future__ import annotations

from datetime import timedelta

import pytest

from carillon_server.domain.channel import Channel
from carillon_server.domain.decide import DecisionReason
from carillon_server.domain.delivery import DeliveryState
from carillon_server.domain.ids import NotificationId
from carillon_server.domain.inbox import InboxAddress
from carillon_server.domain.inbox_query import Mark, Selection
from carillon_server.domain.outcome import Retry
from carillon_server.domain.preferences import MuteKind, MuteTarget
from carillon_server.domain.recipient import Verification, derive_endpoint_id
from carillon_server.services.send import CancelSelector
from tests.delivery.gate import Gate
from tests.delivery.house import PRODUCER, TENANT, House, utc_now

ANN = InboxAddress(TENANT, "ann")


@pytest.fixture
async def sent(house: House) -> House:
    """Ann has a mail waiting, and no worker runs yet."""
    await house.people("ann")
    await house.send("ann", type="scan.completed", actor_id="bob", thread_key="t1", labels={"folder": "7"})
    return house


async def ends_with(house: House, reason: str) -> None:
    gate = Gate(opened=True)
    async with house.working({Channel.EMAIL: gate}):
        (row,) = await house.settled({DeliveryState.CANCELLED})
    assert row["finish_reason"] == reason
    assert row["finish_time"] is not None
    assert gate.taken.total() == 0
    assert await house.attempts() == []


async def test_switching_the_channel_off_stops_what_waits(sent: House) -> None:
    await sent.preferences.update(ANN, channels={Channel.EMAIL: False}, rules=None, timeout=5)
    await ends_with(sent, "opted_out")


async def test_a_rule_against_the_type_stops_what_waits(sent: House) -> None:
    rules = {("scan.completed", Channel.EMAIL): False}
    await sent.preferences.update(ANN, channels=None, rules=rules, timeout=5)
    await ends_with(sent, "opted_out")


@pytest.mark.parametrize(
    "target",
    [
        MuteTarget(MuteKind.SENDER, "bob"),
        MuteTarget(MuteKind.THREAD, "t1"),
        MuteTarget(MuteKind.LABEL, "folder", "7"),
        MuteTarget(MuteKind.TYPE, "scan.completed"),
    ],
    ids=lambda target: target.kind,
)
async def test_a_mute_stops_what_waits(sent: House, target: MuteTarget) -> None:
    await sent.preferences.mute(ANN, target, None, timeout=5)
    await ends_with(sent, "opted_out")


async def test_a_rule_for_the_type_outweighs_the_switch(sent: House) -> None:
    rules = {("scan.completed", Channel.EMAIL): True}
    await sent.preferences.update(ANN, channels={Channel.EMAIL: False}, rules=rules, timeout=5)
    async with sent.working({Channel.EMAIL: Gate(opened=True)}):
        await sent.settled({DeliveryState.DELIVERED})


async def test_a_deleted_endpoint_gets_nothing_more(sent: House) -> None:
    endpoint_id = derive_endpoint_id(Channel.EMAIL, "ann@example.com")
    await sent.recipients.delete_endpoint(ANN, endpoint_id, timeout=5)
    await ends_with(sent, "endpoint_gone")


_VERIFY = "UPDATE endpoint SET verification = $1"


async def test_an_endpoint_that_failed_verification_gets_nothing_more(sent: House) -> None:
    await sent.database.fetch(_VERIFY, Verification.FAILED)
    await ends_with(sent, "endpoint_gone")


async def test_an_endpoint_that_failed_verification_is_none(house: House) -> None:
    await house.people("ann")
    await house.database.fetch(_VERIFY, Verification.FAILED)
    (result,) = (await house.send("ann", channels=(Channel.EMAIL,))).results
    assert [decision.reason for decision in result.decisions] == [DecisionReason.NO_ENDPOINT]
    assert await house.deliveries() == []


@pytest.mark.parametrize("state", [Verification.UNVERIFIED, Verification.VERIFIED])
async def test_an_endpoint_is_used_until_verification_fails(sent: House, state: Verification) -> None:
    await sent.database.fetch(_VERIFY, state)
    await sent.send("ann")
    async with sent.working({Channel.EMAIL: Gate(opened=True)}):
        assert len(await sent.settled({DeliveryState.DELIVERED})) == 2


async def test_a_deleted_notification_is_not_mailed(sent: House) -> None:
    await sent.inboxes.mark(ANN, Mark.DELETE, Selection(), timeout=5)
    gate = Gate(opened=True)
    async with sent.working({Channel.EMAIL: gate}):
        (row,) = await sent.settled({DeliveryState.CANCELLED})
    assert gate.taken.total() == 0
    assert row["attempt_count"] == 0


async def test_what_expired_meanwhile_is_not_mailed(house: House) -> None:
    await house.people("ann")
    await house.send("ann", expire_time=utc_now() + timedelta(hours=1))
    await house.database.fetch("UPDATE notification SET expire_time = now() - interval '1 second'")
    await ends_with(house, "expired")


async def test_a_cancel_beats_the_result_of_the_attempt_under_way(sent: House) -> None:
    gate = Gate(outcome=Retry("later", "not now"))
    async with sent.working({Channel.EMAIL: gate}):
        await gate.wait_for(1)
        selector = CancelSelector(ids=(NotificationId(ANN.inbox_id, 1),))
        assert (await sent.sends.cancel(PRODUCER, selector, timeout=5)).deliveries == 1
        gate.let_through()
    (row,) = await sent.deliveries()
    assert (row["state"], row["finish_reason"]) == (DeliveryState.CANCELLED, "cancelled")


async def test_an_opt_out_half_way_holds_for_everything_not_handed_over(house: House) -> None:
    """Everyone opts out while the first few are at the provider: nobody else is written to."""
    names = await house.crowd(60)
    await house.send(*names)
    gate = Gate()
    house.settings = house.settings.model_copy(update={"worker_concurrency": 5})
    async with house.working({Channel.EMAIL: gate}):
        await gate.wait_for(5)
        for name in names:
            address = InboxAddress(TENANT, name)
            await house.preferences.update(address, channels={Channel.EMAIL: False}, rules=None, timeout=5)
        gate.let_through()
        rows = await house.settled({DeliveryState.DELIVERED, DeliveryState.CANCELLED})
    assert gate.taken.total() == 5
    assert sum(row["state"] == DeliveryState.CANCELLED for row in rows) == 55


async def test_rows_that_make_no_sense_fail_alone(house: House) -> None:
    names = await house.crowd(30)
    await house.send(*names)
    broken = InboxAddress(TENANT, names[3]).inbox_id
    unreadable = InboxAddress(TENANT, names[5]).inbox_id
    channel = InboxAddress(TENANT, names[7]).inbox_id
    await house.database.fetch("UPDATE notification SET payload = '\\xff' WHERE inbox_id = $1", broken)
    await house.database.fetch("INSERT INTO preference VALUES ($1, '[\"no document\"]', now())", unreadable)
    await house.database.fetch("UPDATE delivery SET endpoint_id = '\\x63' WHERE inbox_id = $1", channel)
    async with house.working():
        rows = await house.settled({DeliveryState.DELIVERED, DeliveryState.REJECTED})
    failed = {row["inbox_id"]: row["finish_reason"] for row in rows if row["state"] == DeliveryState.REJECTED}
    assert failed == {broken: "content_unreadable", unreadable: "unreadable", channel: "unreadable"}
    assert len(rows) == 30
