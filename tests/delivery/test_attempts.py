"""What outcomes make of deliveries: failover, pauses, waits, and what must not be repeated."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from google.protobuf.struct_pb2 import Struct

from carillon.v1 import types_pb2
from carillon_server.delivery.claim import Claimer
from carillon_server.delivery.conclusion import Judge
from carillon_server.delivery.executor import Executor
from carillon_server.delivery.queueing import LONGEST_ABSENCE_SECONDS, LONGEST_LINE_SECONDS, WaitingLines
from carillon_server.delivery.recorder import Recorder
from carillon_server.delivery.routing.route import Wait
from carillon_server.domain.backoff import RetryPolicy
from carillon_server.domain.channel import Channel, Priority
from carillon_server.domain.delivery import DeliveryState
from carillon_server.domain.delivery_settings import Branding, DeliverySettings
from carillon_server.domain.lane import Lane
from carillon_server.domain.outcome import (
    Delivered,
    EndpointGone,
    Retry,
    Throttled,
    Unknown,
)
from carillon_server.storage.database import BadRowError
from carillon_server.transport.encode import decode_notification
from tests.delivery.gate import Gate
from tests.delivery.house import TENANT, House, no_wake
from tests.delivery.scripted import Far, ScriptedRoutes
from tests.delivery.static_routes import StaticRoutes
from tests.eventually import eventually

E = Channel.EMAIL
AWAY = Retry("http_503", "away")
SLOW = RetryPolicy(first_seconds=600, longest_seconds=600, max_attempts=5, give_up_seconds=3600)
_END_LEASES = "UPDATE delivery SET lease_expire_time = now(), next_attempt_time = now() WHERE state = 2"


async def test_when_one_provider_fails_the_next_is_asked_at_once(house: House) -> None:
    """The wait of the policy would be minutes; the failed one is not asked again."""
    first, second = Far("first", AWAY), Far("second")
    await house.people("ann")
    await house.send("ann")
    async with house.working(ScriptedRoutes({E: [first, second]}), SLOW):
        (row,) = await house.settled({DeliveryState.DELIVERED})
    assert (len(first.calls), len(second.calls)) == (1, 1)
    assert first.taken == second.taken
    assert (row["attempt_count"], row["uncounted_attempts"], row["provider"]) == (2, 1, "second")
    attempts = await house.attempts()
    assert [(a["provider"], a["outcome"]) for a in attempts] == [("first", "retry"), ("second", "delivered")]
    assert attempts[0]["next_attempt_time"] is not None
    assert attempts[1]["next_attempt_time"] is None


async def test_when_all_failed_all_are_asked_again_later(house: House) -> None:
    """A round of all providers is one try."""
    first, second = Far("first", AWAY, AWAY, Delivered("x")), Far("second", AWAY)
    await house.people("ann")
    await house.send("ann")
    async with house.working(ScriptedRoutes({E: [first, second]})):
        (row,) = await house.settled({DeliveryState.DELIVERED})
    assert [a["provider"] for a in await house.attempts()] == ["first", "second", "first", "second", "first"]
    assert (row["attempt_count"], row["uncounted_attempts"], row["tried"]) == (5, 2, [])


async def test_being_throttled_is_no_try(house: House) -> None:
    """More often than there are tries, and with the wait that the provider asked for."""
    far = Far("far", Throttled("http_429", "slow down", after_seconds=1800))
    once = RetryPolicy(first_seconds=1, longest_seconds=1, max_attempts=1, give_up_seconds=7200)
    await house.people("ann")
    await house.send("ann")
    async with house.working(ScriptedRoutes({E: [far]}), once):
        (row,) = await house.settled({DeliveryState.RETRYING})
        assert 1790 < (row["next_attempt_time"] - datetime.now(UTC)).total_seconds() < 1990
        await house.database.fetch("UPDATE delivery SET next_attempt_time = now()")

        async def asked_again() -> bool:
            return len(far.calls) == 2

        await eventually(asked_again)
        (row,) = await house.settled({DeliveryState.RETRYING})
        assert (row["attempt_count"], row["uncounted_attempts"]) == (2, 2)
        await house.database.fetch(
            "UPDATE delivery SET next_attempt_time = now(), create_time = now() - interval '2 hours'"
        )
        (row,) = await house.settled({DeliveryState.EXHAUSTED})
    assert row["finish_reason"] == "http_429"


async def test_while_nobody_may_take_it_nothing_is_counted(house: House) -> None:
    routes = ScriptedRoutes({E: [Far("far")]}, waits=[Wait(0.05, "breaker_open")] * 5)
    await house.people("ann")
    await house.send("ann")
    async with house.working(routes):
        (row,) = await house.settled({DeliveryState.DELIVERED})
    assert (row["attempt_count"], row["uncounted_attempts"], routes.held) == (1, 0, 0)
    assert routes.refreshed[0] == TENANT


async def test_waiting_ends_with_its_reason_when_the_time_is_over(house: House) -> None:
    hasty = RetryPolicy(first_seconds=1, longest_seconds=1, max_attempts=9, give_up_seconds=0.5)
    await house.people("ann")
    await house.send("ann")
    async with house.working(ScriptedRoutes({}), hasty):
        (row,) = await house.settled({DeliveryState.EXHAUSTED})
    assert (row["finish_reason"], row["attempt_count"]) == ("provider_missing", 0)


def test_ten_thousand_that_wait_come_back_one_after_the_other() -> None:
    lines = WaitingLines(Random(1), clock=lambda: 0.0)
    waits = [lines.join(("a", E, Lane.BULK), Wait(5.0, "breaker_open")) for _ in range(10_000)]
    assert min(waits) >= 5.0
    assert max(waits) <= 1.1 * (5.0 + LONGEST_LINE_SECONDS)
    busiest = max(sum(1 for wait in waits if start <= wait < start + 1) for start in range(70))
    assert busiest < 500
    # Neither another tenant nor what is urgent stands behind them.
    assert lines.join(("b", E, Lane.BULK), Wait(5.0, "breaker_open")) < 6.0
    assert lines.join(("a", E, Lane.URGENT), Wait(5.0, "breaker_open")) < 6.0


@pytest.mark.parametrize(("interval_seconds", "a_second"), [(0.005, 450), (0.1, 260)])
def test_however_many_wait_few_come_back_at_once(interval_seconds: float, a_second: int) -> None:
    """A hundred thousand of one tenant: were they only spread over a minute, others would pay for them."""
    lines = WaitingLines(Random(1), clock=lambda: 0.0)
    wait = Wait(5.0, "rate_limited", interval_seconds)
    waits = sorted(lines.join(("a", E, Lane.BULK), wait) for _ in range(50_000))
    assert max(waits) <= 1.1 * (5.0 + LONGEST_ABSENCE_SECONDS)
    minutes = [0] * 70
    for seconds in waits:
        minutes[int(seconds // 60)] += 1
    assert max(minutes) <= 60 * a_second
    assert lines.join(("b", E, Lane.BULK), wait) < 6.0


def test_a_line_at_a_limit_moves_as_fast_as_the_limit() -> None:
    lines = WaitingLines(Random(1), clock=lambda: 0.0)
    waits = [lines.join(("a", E, Lane.BULK), Wait(0.1, "rate_limited", 0.1)) for _ in range(100)]
    assert 10 <= waits[-1] <= 11


@pytest.mark.parametrize("message_id", ["a\0b", "a\ud800b", "".join(map(chr, range(0x4E00, 0x9E00)))])
async def test_an_id_that_cannot_be_stored_as_it_is_takes_no_result_along(
    house: House, message_id: str
) -> None:
    far = Far("far", Delivered(message_id), Delivered("fine"))
    names = await house.crowd(5)
    await house.send(*names)
    async with house.working(ScriptedRoutes({E: [far]})):
        rows = await house.settled({DeliveryState.DELIVERED})
    assert [row["attempt_count"] for row in rows] == [1] * 5
    ids = {attempt["provider_message_id"] for attempt in await house.attempts()}
    assert "fine" in ids
    assert len(ids) == 2


async def test_what_may_have_been_heard_is_not_said_again(house: House) -> None:
    far = Far("far", Unknown("timeout", "no answer"), at_most_once=True)
    await house.people("ann")
    await house.send("ann")
    async with house.working(ScriptedRoutes({E: [far]})):
        (row,) = await house.settled({DeliveryState.UNKNOWN})
    assert (row["finish_reason"], len(far.calls)) == ("timeout", 1)


@pytest.mark.parametrize("at_most_once", [True, False])
async def test_a_worker_lost_in_a_call_that_must_not_be_repeated(house: House, *, at_most_once: bool) -> None:
    gate, second = Gate(), Gate(opened=True)
    limited = [E] if at_most_once else []
    await house.people("ann")
    await house.send("ann")
    async with house.working(StaticRoutes({E: gate}, limited)):
        await gate.wait_for(1)
        await house.database.fetch(_END_LEASES)
        async with house.working(StaticRoutes({E: second}, limited)):
            (row,) = await house.settled({DeliveryState.UNKNOWN, DeliveryState.DELIVERED})
            if at_most_once:
                assert (row["state"], row["finish_reason"]) == (DeliveryState.UNKNOWN, "worker_lost")
                assert second.taken.total() == 0
            else:
                assert second.taken.total() == 1
        gate.let_through()


async def test_a_stopping_worker_does_not_hand_back_what_may_have_been_heard(
    postgres_url: str, redis_url: str
) -> None:
    gate = Gate()
    async with House.open(postgres_url, redis_url, worker_grace_seconds=0.1) as house:
        await house.people("ann")
        await house.send("ann")
        async with house.working(StaticRoutes({E: gate}, [E])):
            await gate.wait_for(1)
        (row,) = await house.deliveries()
    assert (row["state"], row["finish_reason"]) == (DeliveryState.UNKNOWN, "abandoned")


async def test_an_endpoint_put_again_after_it_was_gone_stays(house: House) -> None:
    since = datetime.now(UTC) - timedelta(hours=1)
    far = Far("far", EndpointGone("gone", "", as_of=since))
    await house.people("ann")
    await house.send("ann")
    async with house.working(ScriptedRoutes({E: [far]})):
        await house.settled({DeliveryState.REJECTED})
        (endpoint,) = await house.database.fetch("SELECT * FROM endpoint")
        assert endpoint["retire_time"] is None
        await house.database.fetch("UPDATE endpoint SET register_time = now() - interval '1 day'")
        await house.send("ann")
        await house.settled({DeliveryState.REJECTED})
    (endpoint,) = await house.database.fetch("SELECT * FROM endpoint")
    assert endpoint["retire_reason"] == "gone"


async def test_a_provider_is_told_all_that_was_sent(house: House) -> None:
    far = Far("far")
    data = Struct()
    data.update({"order": {"number": 7, "paid": True}})
    sent = types_pb2.Notification(
        type="invoice.paid",
        category="billing",
        priority=types_pb2.PRIORITY_HIGH,
        content=types_pb2.Content(title="Paid"),
        data=data,
        labels={"team": "blue"},
        thread_key="t",
        collapse_key="c",
        actor_id="bob",
    )
    branding = Branding(from_name="ACME")
    await house.put("ann", "ann@example.com", locale="de-CH")
    await house.send("ann", payload=sent.SerializeToString(), priority=Priority.HIGH)
    routes = ScriptedRoutes({E: [far]}, settings=DeliverySettings(branding=branding))
    async with house.working(routes):
        await house.settled({DeliveryState.DELIVERED})
    (message,) = far.calls
    assert (message.tenant, message.recipient_id, message.locale) == (TENANT, "ann", "de-CH")
    assert (message.type, message.category, message.priority) == ("invoice.paid", "billing", Priority.HIGH)
    assert (message.thread_key, message.collapse_key, message.actor_id) == ("t", "c", "bob")
    assert message.data == {"order": {"number": 7.0, "paid": True}}
    assert message.labels == {"team": "blue"}
    assert (message.branding, message.content.title) == (branding, "Paid")
    assert message.create_time is not None


async def test_places_are_given_back_by_what_is_never_sent(house: House) -> None:
    routes = ScriptedRoutes({E: [Far("far")]})
    await house.people("ann")
    await house.send("ann", payload=b"\xff\xff")
    async with house.working(routes):
        (row,) = await house.settled({DeliveryState.REJECTED})
    assert (row["finish_reason"], routes.held) == ("content_unreadable", 0)


async def test_urgent_ones_pass_by_a_thousand_that_hang(postgres_url: str, redis_url: str) -> None:
    gate = Gate()
    async with House.open(postgres_url, redis_url, worker_concurrency=20) as house:
        names = await house.crowd(1_000)
        await house.send(*names)
        async with house.working({E: gate}):
            await gate.wait_for(20)
            await house.send(names[0], priority=Priority.URGENT)
            await gate.wait_for(21, within_seconds=2)
            rows = await house.database.fetch("SELECT lane, state FROM delivery WHERE state = 2")
            assert sorted(row["lane"] for row in rows) == [0] + [1] * 20
            gate.let_through()


@pytest.mark.parametrize(
    ("at_most_once", "state"), [(True, DeliveryState.UNKNOWN), (False, DeliveryState.RETRYING)]
)
async def test_a_call_that_hangs_is_given_up(
    house: House, *, at_most_once: bool, state: DeliveryState
) -> None:
    routes = StaticRoutes({E: Gate()}, [E] if at_most_once else [])
    lines, policies = WaitingLines(Random(1)), dict.fromkeys(Channel, SLOW)
    claimer = Claimer(house.database, routes, policies, lines, no_wake, lease_seconds=60)
    recorder = Recorder(house.database, no_wake)
    executor = Executor(
        routes, Judge(policies, Random(1)), decode_notification, recorder, attempt_timeout_seconds=0.05
    )
    await house.people("ann")
    await house.send("ann")
    claimed = await claimer.claim(Lane.BULK, 1)
    await executor.execute(claimed.assignments[0])
    (row,), (attempt,) = await house.deliveries(), await house.attempts()
    assert (row["state"], attempt["error_class"]) == (state, "timeout")


async def test_places_are_given_back_when_a_claim_is_not_written(house: House) -> None:
    """Postgres refuses a lease that is no time at all."""
    routes = ScriptedRoutes({E: [Far("far")]})
    claimer = Claimer(
        house.database,
        routes,
        dict.fromkeys(Channel, SLOW),
        WaitingLines(Random(1)),
        no_wake,
        lease_seconds=math.nan,
    )
    await house.people("ann")
    await house.send("ann")
    with pytest.raises(BadRowError):
        await claimer.claim(Lane.BULK, 10)
    assert (routes.asked, routes.held) == (1, 0)
