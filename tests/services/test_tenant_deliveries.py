"""What a Send knows of its tenant: never older than promised, and mostly without asking the database."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from carillon_server.domain.channel import Channel
from carillon_server.domain.delivery_settings import DeliverySettings, Fallback
from carillon_server.domain.errors import Refusal
from carillon_server.domain.provider import INSTALLATION
from carillon_server.services.tenant_deliveries import FRESH_SECONDS, STALE_SECONDS, TenantDeliveries
from carillon_server.storage.database import Database, Record
from carillon_server.storage.delivery_settings import put_settings
from carillon_server.storage.providers import ProviderRow, put_provider

IN_APP, EMAIL, PUSH, SMS = Channel.IN_APP, Channel.EMAIL, Channel.PUSH, Channel.SMS


class SlowDatabase(Database):
    """Counts reads, and holds them while `gate` is closed."""

    reads = 0
    gate: asyncio.Event
    fetched: asyncio.Event

    async def fetch(self, sql: str, *args: object, timeout: float | None = None) -> list[Record]:
        self.reads += 1
        rows = await super().fetch(sql, *args, timeout=timeout)
        self.fetched.set()
        await self.gate.wait()
        return rows


class World:
    def __init__(self, database: SlowDatabase) -> None:
        self.database = database
        self.now = 100.0
        self.deliveries = TenantDeliveries(database, {EMAIL}, lambda: self.now)

    async def put(self, tenant: str, channel: Channel, *, enabled: bool = True) -> None:
        row = ProviderRow(tenant, channel.name, "far", channel, enabled, 1, 1, None, 1, 1, {}, None)
        await self.database.transaction(lambda connection: put_provider(connection, row))

    async def decide(self, tenant: str, settings: DeliverySettings) -> None:
        await self.database.transaction(lambda connection: put_settings(connection, tenant, settings))

    async def channels(self, tenant: str) -> set[Channel]:
        await self.deliveries.refresh(tenant)
        return set(self.deliveries.channels_of(tenant))


@pytest.fixture
async def world(postgres_url: str) -> AsyncIterator[World]:
    database = await SlowDatabase.connect(postgres_url, max_connections=5)
    database.gate, database.fetched = asyncio.Event(), asyncio.Event()
    database.gate.set()
    world = World(database)
    yield world
    await world.deliveries.stop()
    await database.close()


async def test_own_providers_hide_those_of_the_installation(world: World) -> None:
    await world.put(INSTALLATION, PUSH)
    await world.put("acme", SMS)
    await world.put("globex", EMAIL, enabled=False)
    await world.put("initech", PUSH, enabled=False)
    await world.decide("hooli", DeliverySettings(sandbox=True))
    assert await world.channels("acme") == {IN_APP, EMAIL, PUSH, SMS}
    assert await world.channels("globex") == {IN_APP, PUSH}
    assert await world.channels("initech") == {IN_APP, EMAIL}
    assert await world.channels("hooli") == set(Channel)
    assert await world.channels("nobody") == {IN_APP, EMAIL, PUSH}


async def test_steady_traffic_never_waits_for_the_database(world: World) -> None:
    await world.channels("acme")
    world.database.gate.clear()
    reads = world.database.reads
    for _ in range(100):
        world.now += FRESH_SECONDS / 200
        await world.channels("acme")
    assert world.database.reads == reads
    world.now += FRESH_SECONDS
    async with asyncio.timeout(1):
        for _ in range(100):
            assert await world.channels("acme") == {IN_APP, EMAIL}
    world.database.gate.set()


async def test_what_is_stale_is_read_before_the_send_goes_on(world: World) -> None:
    await world.channels("acme")
    await world.put("acme", SMS)
    assert await world.channels("acme") == {IN_APP, EMAIL}
    world.now += STALE_SECONDS
    assert await world.channels("acme") == {IN_APP, EMAIL, SMS}


async def test_a_change_through_this_process_is_seen_by_the_next_send(world: World) -> None:
    await world.channels("acme")
    await world.put("acme", SMS)
    world.deliveries.forget("acme")
    assert SMS in await world.channels("acme")
    await world.put(INSTALLATION, PUSH)
    world.deliveries.forget(INSTALLATION)
    assert PUSH in await world.channels("acme")


async def test_a_read_that_began_before_a_change_does_not_hide_it(world: World) -> None:
    world.database.gate.clear()
    asking = asyncio.create_task(world.channels("acme"))
    await world.database.fetched.wait()
    await world.put("acme", SMS)
    world.deliveries.forget("acme")
    world.database.gate.set()
    assert SMS in await asking


async def test_all_that_wait_share_a_read(world: World) -> None:
    world.database.gate.clear()
    asking = [asyncio.create_task(world.channels(f"tenant-{number % 50}")) for number in range(500)]
    await world.database.fetched.wait()
    world.database.gate.set()
    await asyncio.gather(*asking)
    assert world.database.reads <= 2


async def test_fallbacks_come_along(world: World) -> None:
    chain = Fallback((PUSH, SMS), 60.0)
    await world.decide("acme", DeliverySettings(fallbacks=(chain,)))
    await world.channels("acme")
    assert world.deliveries.fallbacks_of("acme") == (chain,)
    assert world.deliveries.fallbacks_of("globex") == ()


async def test_rows_that_make_no_sense_harm_their_tenant_alone(world: World) -> None:
    await world.database.fetch("INSERT INTO delivery_settings (tenant, document) VALUES ('acme', '[7]')")
    assert await world.channels("acme") == {IN_APP}
    assert await world.channels("globex") == {IN_APP, EMAIL}


async def test_while_postgres_is_away_nobody_is_told_a_guess(world: World, postgres_url: str) -> None:
    database = await Database.connect(postgres_url, max_connections=1)
    deliveries = TenantDeliveries(database, {EMAIL})
    await database.close()
    for _ in range(2):
        with pytest.raises(Refusal):
            await deliveries.refresh("acme")


async def test_only_so_many_tenants_are_remembered(world: World) -> None:
    deliveries: Any = TenantDeliveries(world.database, {EMAIL}, lambda: world.now, max_tenants=10)
    for number in range(50):
        await deliveries.refresh(f"tenant-{number}")
    assert len(deliveries._known) == 10
    assert INSTALLATION in deliveries._known
