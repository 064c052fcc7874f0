"""Chains of channels: the next goes out when everything on the one before failed, and not otherwise."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta

import pytest

from carillon_server.delivery.providers.provider import Message
from carillon_server.domain.channel import Channel, Priority
from carillon_server.domain.decide import DecisionReason, Verdict
from carillon_server.domain.delivery import DeliveryState
from carillon_server.domain.delivery_settings import Fallback
from carillon_server.domain.inbox import InboxAddress
from carillon_server.domain.outcome import Delivered, EndpointGone, Outcome, Rejected, Retry, Unknown
from carillon_server.services.send import CancelSelector
from carillon_server.storage.database import Connection
from carillon_server.storage.fallbacks import advance_fallbacks
from tests.delivery.house import PRODUCER, TENANT, House, utc_now
from tests.delivery.scripted import Far, ScriptedRoutes
from tests.eventually import eventually

E, P, S = Channel.EMAIL, Channel.PUSH, Channel.SMS
CHAIN = (Fallback((P, S, E)),)
REFUSED = Rejected("refused", "no")
FINAL = frozenset(DeliveryState) - {DeliveryState.SCHEDULED, DeliveryState.ATTEMPTING, DeliveryState.RETRYING}


@pytest.fixture
async def house(postgres_url: str, redis_url: str) -> AsyncIterator[House]:
    configured = frozenset({Channel.IN_APP, E, P, S})
    async with House.open(postgres_url, redis_url, configured=configured) as house:
        yield house


def routes(**answers: Outcome) -> ScriptedRoutes:
    """A provider on each channel, named like it."""
    return ScriptedRoutes(
        {
            channel: [Far(channel.name, answers.get(channel.name, Delivered(channel.name)))]
            for channel in (E, P, S)
        }
    )


async def reachable(house: House, name: str = "ann", devices: Sequence[str] = ("phone",)) -> None:
    for device in devices:
        await house.put(name, device, channel=P)
    await house.put(name, "+41791234567", channel=S)
    await house.put(name, f"{name}@example.com")


async def story(house: House) -> dict[Channel, tuple[DeliveryState, str | None]]:
    return {
        Channel(row["endpoint_id"][0]): (DeliveryState(row["state"]), row["finish_reason"])
        for row in await house.deliveries()
    }


def told(far: ScriptedRoutes) -> list[Channel]:
    return [channel for channel, (each,) in far.providers.items() for _ in each.calls]


async def test_when_the_first_arrives_nothing_else_is_sent(house: House) -> None:
    await reachable(house)
    outcome = await house.send("ann", channels=(P,), fallbacks=CHAIN)
    assert [(d.channel, d.verdict, d.reason) for d in outcome.results[0].decisions] == [
        (P, Verdict.SEND, DecisionReason.REQUESTED),
        (S, Verdict.DEFER, DecisionReason.FALLBACK),
        (E, Verdict.DEFER, DecisionReason.FALLBACK),
    ]
    far = routes()
    async with house.working(far):
        await house.settled(FINAL)
    assert told(far) == [P]
    not_needed = (DeliveryState.CANCELLED, "not_needed")
    assert await story(house) == {P: (DeliveryState.DELIVERED, None), S: not_needed, E: not_needed}


@pytest.mark.parametrize(
    "failure",
    [REFUSED, EndpointGone("gone", ""), Retry("http_503", "")],
    ids=["refused", "gone", "exhausted"],
)
async def test_when_one_fails_the_next_goes_out(house: House, failure: Outcome) -> None:
    await reachable(house)
    await house.send("ann", channels=(P,), fallbacks=CHAIN)
    far = routes(PUSH=failure, SMS=REFUSED)
    async with house.working(far):
        await house.settled(FINAL)
    states = await story(house)
    assert [states[P][0] in FINAL, states[S], states[E]] == [
        True,
        (DeliveryState.REJECTED, "refused"),
        (DeliveryState.DELIVERED, None),
    ]


async def test_all_devices_must_fail_first(house: House) -> None:
    await reachable(house, devices=("phone", "tablet"))
    await house.send("ann", channels=(P,), fallbacks=CHAIN)
    phone = Far("PUSH", lambda m: Delivered("p") if m.address == "tablet" else REFUSED)
    far = ScriptedRoutes({P: [phone], S: [Far("SMS")], E: [Far("EMAIL")]})
    async with house.working(far):
        await house.settled(FINAL)
    assert told(far) == [P, P]


class Together:
    """A provider that refuses two messages at the same moment, whichever worker sends them."""

    name = "together"

    def __init__(self) -> None:
        self._barrier = asyncio.Barrier(2)

    async def send(self, message: Message) -> Outcome:
        await self._barrier.wait()
        return REFUSED

    async def close(self) -> None:
        """Nothing is open."""


async def test_two_devices_that_fail_at_once_call_up_the_next(postgres_url: str, redis_url: str) -> None:
    """Two workers write the two endings at the same time; the second sees the first."""
    configured = frozenset({P, S})
    async with House.open(postgres_url, redis_url, configured=configured, worker_concurrency=1) as house:
        await reachable(house, devices=("phone", "tablet"))
        together, text = Together(), Far("SMS")
        async with house.working({P: together, S: text}), house.working({P: together, S: text}):
            for number in range(1, 11):
                await house.send("ann", channels=(P,), fallbacks=(Fallback((P, S)),))
                await house.settled(FINAL)
                assert len(text.calls) == number


async def test_what_may_have_arrived_calls_up_nothing(house: House) -> None:
    await reachable(house)
    await house.send("ann", channels=(P,), fallbacks=CHAIN)
    far = routes(PUSH=Unknown("timeout", ""))
    async with house.working(far):
        await house.settled(FINAL)
    assert told(far) == [P]
    assert (await story(house))[S] == (DeliveryState.CANCELLED, "not_needed")


async def test_a_callback_that_says_it_failed_after_all_calls_up_the_next(house: House) -> None:
    await reachable(house)
    await house.send("ann", channels=(P,), fallbacks=CHAIN)
    far = routes()
    async with house.working(far):
        await house.settled(FINAL)
        row = (await house.deliveries())[0]

        async def bounce(connection: Connection) -> None:
            await connection.execute("UPDATE delivery SET state = 6, finish_reason = 'x' WHERE state = 4")
            await advance_fallbacks(connection, {(row["inbox_id"], row["seq"])})

        await house.database.transaction(bounce)
        await house.settled(FINAL)
    assert told(far) == [P, S]
    assert (await story(house))[E] == (DeliveryState.CANCELLED, "not_needed")


async def test_a_chain_loses_its_patience(house: House) -> None:
    """The push is never taken, so the text message goes out when its time has come, and ends the push."""
    await reachable(house)
    before = utc_now()
    outcome = await house.send("ann", channels=(P,), fallbacks=(Fallback((P, S), 1.0),))
    _, reserve = outcome.results[0].decisions
    assert reserve.until_time is not None
    assert abs(reserve.until_time - before - timedelta(seconds=1)) < timedelta(seconds=1)
    far = ScriptedRoutes({S: [Far("SMS")]})
    async with house.working(far):
        await house.settled(FINAL)
    states = await story(house)
    assert states[S] == (DeliveryState.DELIVERED, None)
    assert states[P] == (DeliveryState.CANCELLED, "not_needed")


async def test_a_withdrawn_endpoint_counts_as_failed(house: House) -> None:
    await reachable(house)
    await house.send("ann", channels=(P,), fallbacks=CHAIN)
    await house.database.fetch("UPDATE endpoint SET retire_time = now() WHERE address = 'phone'")
    far = routes()
    async with house.working(far):
        await house.settled(FINAL)
    assert told(far) == [S]


async def test_cancelling_takes_the_reserves_too(house: House) -> None:
    await reachable(house)
    outcome = await house.send("ann", channels=(P,), fallbacks=CHAIN)
    selector = CancelSelector(ids=(outcome.results[0].notification_id,))  # type: ignore[arg-type]  # it has one
    cancelled = await house.sends.cancel(PRODUCER, selector, timeout=5)
    assert cancelled.deliveries == 3
    assert {state for state, _ in (await story(house)).values()} == {DeliveryState.CANCELLED}


async def test_a_scheduled_send_lines_up_when_it_is_released(house: House) -> None:
    await reachable(house)
    outcome = await house.send(
        "ann",
        channels=(P,),
        fallbacks=CHAIN,
        priority=Priority.HIGH,
        deliver_time=utc_now() + timedelta(seconds=0.5),
    )
    assert {d.reason for d in outcome.results[0].decisions} == {DecisionReason.SCHEDULED}
    far = routes(PUSH=REFUSED)
    async with house.working(far):
        await house.settled(FINAL)
    assert told(far) == [P, S]
    assert {(row["tenant"], row["lane"]) for row in await house.deliveries()} == {(TENANT, 0)}


async def test_a_replay_repeats_the_decisions(house: House) -> None:
    await reachable(house)
    first = await house.send("ann", channels=(P,), fallbacks=CHAIN, request_id="r1")
    again = await house.send("ann", channels=(P,), fallbacks=CHAIN, request_id="r1")
    assert again.replayed
    assert again.results == first.results


async def test_reserves_are_not_overdue(house: House) -> None:
    await reachable(house)
    await house.send("ann", channels=(P,), fallbacks=CHAIN)

    async def only_reserves_wait() -> bool:
        rows = await house.database.fetch(
            "SELECT 1 FROM delivery WHERE state = 1 AND next_attempt_time = 'infinity'"
        )
        return len(rows) == 2

    await eventually(only_reserves_wait)
    inbox = InboxAddress(TENANT, "ann").inbox_id
    due = await house.database.fetch(
        "SELECT 1 FROM delivery WHERE inbox_id = $1 AND next_attempt_time <= now()", inbox
    )
    assert len(due) == 1
