"""Which provider a message goes to, and how soon a change of configuration is followed."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest

from carillon_server.delivery.routing.directory import FRESH_SECONDS, Directory
from carillon_server.delivery.routing.route import Wait
from carillon_server.domain.channel import Channel, Platform
from carillon_server.domain.delivery_settings import Branding, DeliverySettings
from carillon_server.domain.outcome import Delivered, Retry, Throttled
from carillon_server.domain.provider import INSTALLATION, ProviderConfig
from carillon_server.storage.database import Database, Record
from carillon_server.storage.providers import delete_provider
from tests.delivery.routing.agency import Agency, deliver, message, taken, waited

RELAY = ProviderConfig(INSTALLATION, "relay", "far", Channel.EMAIL, {"host": "relay"})


def failover(directory: Directory, tenant: str) -> list[str]:
    """The order in which providers are asked while each fails."""
    tried: list[str] = []
    while True:
        route = taken(directory, tenant, tried=tried)
        tried.append(route.name)
        last = not route.has_alternative
        route.release()
        if last:
            return tried


async def test_the_lowest_priority_goes_first_and_the_next_when_it_fails(agency: Agency) -> None:
    await agency.put("acme", "third", priority=30)
    await agency.put("acme", "first", priority=1)
    await agency.put("acme", "off", priority=0, enabled=False)
    await agency.put("acme", "second", priority=2)
    async with agency.open() as directory:
        await directory.refresh(["acme"])
        assert failover(directory, "acme") == ["first", "second", "third"]


async def test_equals_share_by_weight_and_weight_nought_is_a_reserve(agency: Agency) -> None:
    await agency.put("acme", "much", weight=3)
    await agency.put("acme", "little", weight=1)
    await agency.put("acme", "reserve", weight=0)
    async with agency.open() as directory:
        await directory.refresh(["acme"])
        names: Counter[str] = Counter()
        for _ in range(2_000):
            route = taken(directory, "acme")
            names[route.name] += 1
            route.release()
        assert names["reserve"] == 0
        assert names["much"] / names["little"] == pytest.approx(3, rel=0.2)
        assert failover(directory, "acme")[-1] == "reserve"


async def test_whoever_cannot_take_it_is_passed_over(agency: Agency) -> None:
    await agency.put("acme", "first", priority=1, max_concurrency=1)
    await agency.put("acme", "second", priority=2, rate_per_second=0.001)
    await agency.put("acme", "third", priority=3)
    async with agency.open() as directory:
        await directory.refresh(["acme"])
        names = [taken(directory, "acme").name for _ in range(3)]
        assert names == ["first", "second", "third"]


async def test_an_alternative_that_is_sick_is_none(agency: Agency) -> None:
    await agency.put("acme", "first", priority=1)
    await agency.put("acme", "second", priority=2)
    agency.side("second").usual = Throttled("http_429", "", 3600)
    async with agency.open() as directory:
        assert await deliver(directory, "acme", tried=["first"]) == agency.side("second").usual
        route = taken(directory, "acme")
        assert route.name == "first"
        assert not route.has_alternative
        route.release()
        wait = waited(directory, "acme", tried=["first"])
        assert (wait.reason, wait.seconds) == ("paused", 60.0)


async def test_when_all_were_tried_the_best_is_asked_again(agency: Agency) -> None:
    await agency.put("acme", "first", priority=1)
    await agency.put("acme", "second", priority=2)
    async with agency.open() as directory:
        await directory.refresh(["acme"])
        assert taken(directory, "acme", tried=["first", "second"]).name == "first"


async def test_a_push_goes_to_a_provider_of_its_platform(agency: Agency) -> None:
    await agency.put("acme", "apple", kind="apple", channel=Channel.PUSH)
    async with agency.open() as directory:
        await directory.refresh(["acme"])
        assert taken(directory, "acme", Channel.PUSH, platform=Platform.APNS).name == "apple"
        assert waited(directory, "acme", Channel.PUSH, platform=Platform.FCM).reason == "provider_missing"


async def test_the_installation_serves_who_has_none_of_their_own(agency: Agency) -> None:
    await agency.put("acme", "own")
    await agency.put("globex", "texts", channel=Channel.SMS)
    await agency.put("initech", "switched-off", enabled=False)
    await agency.put(INSTALLATION, "shared", channel=Channel.SMS)
    async with agency.open(RELAY) as directory:
        await directory.refresh(["acme", "globex", "initech", "hooli"])
        mail = {tenant: taken(directory, tenant).name for tenant in ("acme", "globex", "hooli")}
        assert mail == {"acme": "own", "globex": "relay", "hooli": "relay"}
        assert waited(directory, "initech").reason == "provider_missing"
        assert taken(directory, "globex", Channel.SMS).name == "texts"
        assert taken(directory, "hooli", Channel.SMS).name == "shared"


async def test_a_sandbox_keeps_everything_in(agency: Agency) -> None:
    await agency.put("acme", "own")
    await agency.decide("acme", DeliverySettings(sandbox=True))
    async with agency.open(RELAY, fresh_seconds=0.0) as directory:
        for channel in (Channel.EMAIL, Channel.SMS, Channel.CHAT):
            assert isinstance(await deliver(directory, "acme", channel), Delivered)
        assert agency.side("file").taken.total() == 3
        assert agency.side("own").taken.total() == 0
        agency.ticks.now += 1
        await agency.decide("acme", DeliverySettings())
        await deliver(directory, "acme")
        assert agency.side("own").taken.total() == 1
        assert agency.side("relay").taken.total() == 0


async def test_changes_are_seen_when_what_is_known_is_not_fresh(agency: Agency) -> None:
    await agency.put("acme", "main", "old")
    async with agency.open() as directory:
        await deliver(directory, "acme")
        await agency.put("acme", "main", "new")
        await agency.decide("acme", DeliverySettings(branding=Branding(from_name="Acme")))
        await deliver(directory, "acme")
        assert agency.side("old").taken.total() == 2
        agency.ticks.now += FRESH_SECONDS + 0.1
        await deliver(directory, "acme")
        assert (agency.side("old").taken.total(), agency.side("new").taken.total()) == (2, 1)
        assert directory.settings_of("acme").branding.from_name == "Acme"

        await agency.database.transaction(lambda connection: delete_provider(connection, "acme", "main"))
        agency.ticks.now += FRESH_SECONDS + 0.1
        wait = await deliver(directory, "acme")
        assert isinstance(wait, Wait)
        assert wait.reason == "provider_missing"


async def test_other_limits_keep_the_breaker_and_other_settings_start_afresh(agency: Agency) -> None:
    await agency.put("acme", "main", "far")
    agency.side("far").usual = Retry("http_503", "")
    async with agency.open(fresh_seconds=0.0) as directory:
        for _ in range(5):
            await deliver(directory, "acme")
        await agency.put("acme", "main", "far", max_concurrency=3, rate_per_second=5.0, priority=1)
        agency.ticks.now += 0.1
        await directory.refresh(["acme"])
        assert waited(directory, "acme").reason == "breaker_open"
        assert directory.health()[0].max_concurrency == 3
        await agency.put("acme", "main", "far", password="changed")
        agency.ticks.now += 0.1
        await directory.refresh(["acme"])
        assert taken(directory, "acme").name == "main"


async def test_a_replaced_provider_is_closed_when_nothing_runs_on_it(agency: Agency) -> None:
    await agency.put("acme", "main", "old")
    async with agency.open(fresh_seconds=0.0) as directory:
        await directory.refresh(["acme"])
        route = taken(directory, "acme")
        await agency.put("acme", "main", "new")
        agency.ticks.now += 0.1
        await directory.refresh(["acme"])
        await asyncio.sleep(0)
        assert agency.side("old").closed == []
        assert isinstance(await route.send(message()), Delivered)
        await directory.close()
        assert agency.side("old").closed == ["old"]
        assert agency.side("new").closed == ["new"]


async def test_what_is_unchanged_is_kept(agency: Agency) -> None:
    await agency.put("acme", "main", "far", password="hunter2")
    async with agency.open(fresh_seconds=0.0) as directory:
        for _ in range(5):
            agency.ticks.now += 0.1
            await deliver(directory, "acme")
        assert agency.side("far").closed == []
        assert agency.side("far").passwords == ["hunter2"] * 5


@pytest.mark.parametrize(
    ("fields", "defect"),
    [
        ({"settings": {"host": 7}}, "settings_invalid"),
        ({"settings": {"host": "h", "more": 1}}, "settings_invalid"),
        ({"host": "unbuildable"}, "build_failed"),
        ({"kind": "gone"}, "kind_unknown"),
        ({"sealed_secrets": b"\x01nonsense"}, "secrets_lost"),
    ],
)
async def test_one_that_cannot_be_used_is_passed_over_and_told_of(
    agency: Agency, fields: dict[str, object], defect: str
) -> None:
    await agency.put("acme", "broken", priority=1, **fields)
    await agency.put("acme", "good", priority=2)
    async with agency.open(fresh_seconds=0.0) as directory:
        assert isinstance(await deliver(directory, "acme"), Delivered)
        assert agency.side("good").taken.total() == 1
        assert {each.name: each.defect for each in directory.health()} == {"broken": defect, "good": ""}


class CountingDatabase(Database):
    """Counts the reads of providers."""

    reads = 0

    async def fetch(self, sql: str, *args: object, timeout: float | None = None) -> list[Record]:
        self.reads += "FROM provider" in sql
        return await super().fetch(sql, *args, timeout=timeout)


async def test_many_who_ask_at_once_share_one_query(agency: Agency, postgres_url: str) -> None:
    tenants = [f"tenant-{number}" for number in range(20)]
    for tenant in tenants:
        await agency.put(tenant, "main", "far")
    database = await CountingDatabase.connect(postgres_url, max_connections=2)
    async with Agency(database, agency.ticks).open() as directory:
        for _ in range(3):
            await asyncio.gather(*(directory.refresh(tenants) for _ in range(50)))
        assert database.reads == 1
        agency.ticks.now += FRESH_SECONDS + 0.1
        await asyncio.gather(*(directory.refresh(tenants) for _ in range(50)))
        assert database.reads == 2
        assert {taken(directory, tenant).name for tenant in tenants} == {"main"}
    await database.close()


async def test_while_postgres_is_away_everything_stays_as_it_was(agency: Agency, postgres_url: str) -> None:
    await agency.put("acme", "main", "far")
    database = await Database.connect(postgres_url, max_connections=2)
    away = Agency(database, agency.ticks, agency.sides)
    async with away.open(fresh_seconds=0.0) as directory:
        await deliver(directory, "acme")
        await database.close()
        agency.ticks.now += 10
        assert isinstance(await deliver(directory, "acme"), Delivered)
        wait = await deliver(directory, "stranger")
        assert isinstance(wait, Wait)
        assert wait.seconds <= 1


async def test_settings_that_make_no_sense_harm_their_tenant_alone(agency: Agency) -> None:
    await agency.put("acme", "main", "acme-side")
    await agency.put("globex", "main", "globex-side")
    await agency.database.fetch("INSERT INTO delivery_settings (tenant, document) VALUES ('acme', '[7]')")
    async with agency.open(RELAY) as directory:
        await directory.refresh(["acme", "globex"])
        assert taken(directory, "globex").name == "main"
        # Whether it wants a sandbox cannot be told, so nothing leaves.
        assert waited(directory, "acme").reason == "provider_missing"


async def test_only_so_many_tenants_are_kept_and_none_with_calls_under_way(agency: Agency) -> None:
    for number in range(6):
        await agency.put(f"tenant-{number}", "main", f"side-{number}")
    async with agency.open(max_tenants=2) as directory:
        await directory.refresh(["tenant-0"])
        route = taken(directory, "tenant-0")
        for number in range(1, 6):
            await directory.refresh([f"tenant-{number}"])
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        closed = [number for number in range(6) if agency.side(f"side-{number}").closed]
        assert closed == [1, 2, 3, 4]
        assert isinstance(await route.send(message()), Delivered)
