"""P11: a sick provider harms only itself. Two tenants, one worker."""

from __future__ import annotations

import asyncio

import pytest

from carillon_server.delivery.routing.directory import Directory
from carillon_server.delivery.routing.route import Wait
from carillon_server.domain.breaker import BreakerState
from carillon_server.domain.channel import Channel
from carillon_server.domain.lane import Lane
from carillon_server.domain.outcome import Delivered, Outcome, Rejected, Retry, Throttled, Unknown
from tests.delivery.routing.agency import DOWN_SECONDS, Agency, deliver, message, taken, waited
from tests.eventually import eventually


async def flows(directory: Directory, tenant: str, count: int = 20) -> bool:
    outcomes = [await deliver(directory, tenant) for _ in range(count)]
    return all(isinstance(outcome, Delivered) for outcome in outcomes)


@pytest.mark.parametrize(
    ("answer", "calls", "reason"),
    [
        (Retry("http_503", ""), 5, "breaker_open"),
        (Retry("timeout", ""), 5, "breaker_open"),
        (Retry("disconnected", ""), 5, "breaker_open"),
        (Retry("protocol", ""), 5, "breaker_open"),
        (Retry("credentials_refused", ""), 5, "breaker_open"),
        (Throttled("http_429", "", 60.0), 1, "paused"),
    ],
)
async def test_whatever_ails_one_the_other_delivers(
    agency: Agency, answer: Outcome, calls: int, reason: str
) -> None:
    await agency.put("acme", "main", "sick")
    await agency.put("globex", "main", "well")
    agency.side("sick").usual = answer
    async with agency.open() as directory:
        results = [await deliver(directory, "acme") for _ in range(50)]
        assert results[:calls] == [answer] * calls
        assert {each.reason for each in results[calls:] if isinstance(each, Wait)} == {reason}
        assert agency.side("sick").taken.total() == calls
        assert await flows(directory, "globex")


async def test_one_that_hangs_holds_its_own_places_and_no_more(agency: Agency) -> None:
    await agency.put("acme", "main", "hanging", max_concurrency=3)
    await agency.put("globex", "main", "well")
    agency.side("hanging").open.clear()
    async with agency.open(send_timeout_seconds=0.2) as directory:
        stuck = [asyncio.create_task(deliver(directory, "acme")) for _ in range(20)]

        async def full() -> bool:
            return agency.side("hanging").running == 3

        await eventually(full)
        assert await flows(directory, "globex")
        results = await asyncio.gather(*stuck)
        assert agency.side("hanging").most_running == 3
        assert sum(isinstance(each, Retry) and each.error_class == "timeout" for each in results) == 3
        assert {each.reason for each in results if isinstance(each, Wait)} == {"busy"}


async def test_a_breaker_asks_one_at_a_time_and_closes_when_all_is_well(agency: Agency) -> None:
    await agency.put("acme", "main", "far")
    side = agency.side("far")
    side.usual = Retry("http_503", "")
    async with agency.open(fresh_seconds=1e9) as directory:
        for _ in range(5):
            await deliver(directory, "acme")
        wait = waited(directory, "acme")
        assert (wait.reason, wait.seconds) == ("breaker_open", pytest.approx(DOWN_SECONDS))
        agency.ticks.now += DOWN_SECONDS
        await deliver(directory, "acme")
        assert waited(directory, "acme").seconds > DOWN_SECONDS

        side.usual = Delivered()
        agency.ticks.now += 2 * DOWN_SECONDS
        probe = taken(directory, "acme")
        assert waited(directory, "acme").reason == "breaker_open"
        assert isinstance(await probe.send(message()), Delivered)
        assert await flows(directory, "acme")


async def test_a_probe_that_is_not_used_leaves_its_turn_to_the_next(agency: Agency) -> None:
    await agency.put("acme", "main", "far")
    agency.side("far").usual = Retry("timeout", "")
    async with agency.open(fresh_seconds=1e9) as directory:
        for _ in range(5):
            await deliver(directory, "acme")
        agency.ticks.now += DOWN_SECONDS
        taken(directory, "acme").release()
        calling = asyncio.create_task(taken(directory, "acme").send(message()))
        agency.side("far").open.clear()
        await asyncio.sleep(0)
        calling.cancel()
        await asyncio.wait([calling])
        assert calling.cancelled()
        taken(directory, "acme").release()


async def test_what_is_wrong_with_one_message_opens_no_breaker(agency: Agency) -> None:
    await agency.put("acme", "main", "far")
    side = agency.side("far")
    async with agency.open(fresh_seconds=1e9) as directory:
        for answer in (Rejected("address_invalid", ""), Retry("smtp_450", ""), RuntimeError("a fault")):
            side.answers.extend([answer] * 20)
            for _ in range(20):
                assert not isinstance(await deliver(directory, "acme"), Wait)


async def test_a_fault_or_a_hang_of_what_must_not_be_repeated_is_unknown(agency: Agency) -> None:
    await agency.put("acme", "main", "far", kind="once", channel=Channel.SMS)
    side = agency.side("far")
    side.answers.append(RuntimeError("a fault"))
    async with agency.open(send_timeout_seconds=0.05) as directory:
        fault = await deliver(directory, "acme", Channel.SMS)
        assert isinstance(fault, Unknown)
        assert fault.error_class == "provider_fault"
        side.open.clear()
        hang = await deliver(directory, "acme", Channel.SMS)
        assert isinstance(hang, Unknown)
        assert hang.error_class == "timeout"


async def test_addresses_that_are_services_of_their_own_do_not_stop_each_other(agency: Agency) -> None:
    await agency.put("acme", "hooks", "far", kind="hooks", channel=Channel.WEBHOOK)
    side = agency.side("far")
    async with agency.open(fresh_seconds=1e9) as directory:
        side.answers.extend([Retry("unreachable", "")] * 20 + [Throttled("http_429", "", 3600.0)])
        for _ in range(21):
            assert not isinstance(await deliver(directory, "acme", Channel.WEBHOOK), Wait)
        assert isinstance(await deliver(directory, "acme", Channel.WEBHOOK), Delivered)


async def test_a_pause_is_kept_to_the_second_and_to_a_day_at_most(agency: Agency) -> None:
    await agency.put("acme", "main", "far")
    async with agency.open(fresh_seconds=1e9) as directory:
        agency.side("far").answers.extend([Throttled("http_429", "", 120.0), Throttled("http_429", "", 1e9)])
        await deliver(directory, "acme")
        agency.ticks.now += 119.9
        assert waited(directory, "acme").reason == "paused"
        agency.ticks.now += 0.2
        await deliver(directory, "acme")
        agency.ticks.now += 24 * 3600
        assert isinstance(await deliver(directory, "acme"), Delivered)


async def test_the_rate_paces(agency: Agency) -> None:
    await agency.put("acme", "main", "far", rate_per_second=10.0, burst=5)
    async with agency.open(fresh_seconds=1e9) as directory:
        await directory.refresh(["acme"])
        for _ in range(5):
            await taken(directory, "acme").send(message())
        for _ in range(20):
            wait = waited(directory, "acme")
            assert wait.reason == "rate_limited"
            assert (wait.seconds, wait.interval_seconds) == pytest.approx((0.1, 0.1))
            agency.ticks.now += wait.seconds
            await taken(directory, "acme").send(message())


async def test_the_next_token_is_for_the_urgent_message_that_was_sent_away(agency: Agency) -> None:
    await agency.put("acme", "main", "far", rate_per_second=10.0)
    async with agency.open(fresh_seconds=1e9) as directory:
        await directory.refresh(["acme"])
        await taken(directory, "acme").send(message())
        agency.ticks.now += waited(directory, "acme", lane=Lane.URGENT).seconds
        # Whatever comes first, it is not its turn.
        assert waited(directory, "acme").reason == "rate_limited"
        await taken(directory, "acme", lane=Lane.URGENT).send(message())
        agency.ticks.now += 0.1
        await taken(directory, "acme").send(message())


async def test_an_urgent_message_that_never_comes_back_stops_nobody_for_long(agency: Agency) -> None:
    await agency.put("acme", "main", "far", rate_per_second=10.0)
    async with agency.open(fresh_seconds=1e9) as directory:
        await directory.refresh(["acme"])
        await taken(directory, "acme").send(message())
        waited(directory, "acme", lane=Lane.URGENT)
        agency.ticks.now += waited(directory, "acme").seconds
        assert agency.ticks.now < 1_001.0
        await taken(directory, "acme").send(message())


async def test_those_who_wait_for_a_place_come_back_as_fast_as_calls_end(agency: Agency) -> None:
    await agency.put("acme", "main", "far", max_concurrency=2)
    async with agency.open(fresh_seconds=1e9) as directory:
        await directory.refresh(["acme"])
        for _ in range(60):
            route = taken(directory, "acme")
            agency.ticks.now += 3.0
            await route.send(message())
        _, _ = taken(directory, "acme"), taken(directory, "acme")
        assert waited(directory, "acme").interval_seconds == pytest.approx(1.5, rel=0.05)


async def test_where_calls_are_short_as_many_come_back_as_there_are_places(agency: Agency) -> None:
    """For each look of a worker, which is every 20 ms."""
    await agency.put("acme", "main", "far", max_concurrency=40)
    async with agency.open(fresh_seconds=1e9) as directory:
        await directory.refresh(["acme"])
        for _ in range(60):
            route = taken(directory, "acme")
            agency.ticks.now += 0.001
            await route.send(message())
        held = [taken(directory, "acme") for _ in range(32)]
        assert waited(directory, "acme").interval_seconds == pytest.approx(0.02 / 40)
        for route in held:
            route.release()


async def test_a_place_that_is_released_costs_nothing(agency: Agency) -> None:
    await agency.put("acme", "main", "far", rate_per_second=0.001, max_concurrency=1)
    async with agency.open(fresh_seconds=1e9) as directory:
        await directory.refresh(["acme"])
        route = taken(directory, "acme")
        assert isinstance(waited(directory, "acme"), Wait)
        route.release()
        route.release()
        taken(directory, "acme").release()
        assert agency.side("far").taken.total() == 0


async def test_health_tells_what_a_worker_sees(agency: Agency) -> None:
    await agency.put("acme", "main", "far", rate_per_second=100.0, burst=50)
    await agency.put("acme", "broken", settings={"nonsense": 1})
    side = agency.side("far")
    async with agency.open(fresh_seconds=1e9) as directory:
        side.answers.extend([Delivered()] * 3 + [Retry("http_503", "")] * 5)
        for _ in range(8):
            await deliver(directory, "acme")
        health = {each.name: each for each in directory.health()}
        main = health["main"]
        assert (main.breaker, main.sent, main.failed) == (BreakerState.OPEN, 3, 5)
        assert (main.consecutive_failures, main.last_error_class) == (5, "http_503")
        assert (main.tokens, main.running, main.max_concurrency) == (42.0, 0, 10)
        assert main.open_until_time is not None
        assert main.last_success_time is not None
        assert health["broken"].defect == "settings_invalid"
