"""P11 with everything real: two tenants, one worker, servers on loopback. A sick one harms only itself."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import pytest

from carillon_server.domain.channel import Channel, Priority
from carillon_server.domain.delivery import DeliveryState
from carillon_server.domain.identity import Principal, Role
from carillon_server.domain.inbox import InboxAddress
from carillon_server.domain.notification import Draft
from carillon_server.domain.provider import INSTALLATION
from carillon_server.domain.recipient import Endpoint, RecipientPatch
from carillon_server.services.secret_box import SecretBox, provider_purpose
from carillon_server.storage.database import Connection
from carillon_server.storage.provider_health import fetch_health
from carillon_server.storage.providers import ProviderRow, put_provider
from carillon_server.testing import Fault, HttpFake, Reply
from tests.delivery.house import TENANT, House, payload, utc_now
from tests.delivery.relay import Relay
from tests.eventually import eventually

GLOBEX = "globex"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
FOR_HOOKS = (Channel.WEBHOOK,)


@pytest.fixture
async def house(postgres_url: str, redis_url: str, relay: Relay) -> AsyncIterator[House]:
    async with House.open(
        postgres_url, redis_url, smtp_url=relay.url, egress_allowed_networks=("127.0.0.0/8",)
    ) as house:
        yield house


async def hooks(house: House, tenant: str, name: str = "hooks", **fields: object) -> None:
    """A webhook provider of that tenant."""
    box = SecretBox(house.settings.raw_secret_keys)
    plain = json.dumps({"signing_secrets": [SECRET]}).encode()
    values = {"timeout_seconds": 1.0, **fields.pop("settings", {})}  # type: ignore[dict-item]  # by name
    limits = {"max_concurrency": 10, "rate_per_second": None, "burst": 1, "priority": 1, **fields}
    row = ProviderRow(
        tenant=tenant,
        name=name,
        kind="webhook",
        channel=Channel.WEBHOOK,
        enabled=True,
        weight=1,
        settings=values,
        sealed_secrets=box.seal(tenant, provider_purpose(name), plain),
        **limits,  # type: ignore[arg-type]  # fields by name
    )

    async def work(connection: Connection) -> ProviderRow:
        return await put_provider(connection, row)

    await house.database.transaction(work)
    house.tenants.forget(tenant)


async def hook(house: House, tenant: str, name: str, url: str) -> None:
    patch = RecipientPatch(name, endpoints=(Endpoint(Channel.WEBHOOK, url),))
    await house.recipients.upsert(tenant, patch, timeout=5)


async def send(
    house: House, tenant: str, name: str, count: int = 1, priority: Priority = Priority.NORMAL
) -> None:
    principal = Principal(tenant, "billing", frozenset({Role.PRODUCER}))
    for _ in range(count):
        draft = Draft((name,), type="invoice.paid", payload=payload(), channels=FOR_HOOKS, priority=priority)
        await house.sends.send(principal, draft, timeout=10)


async def delivered(house: House, tenant: str, name: str, count: int) -> bool:
    rows = await house.database.fetch(
        "SELECT state FROM delivery WHERE inbox_id = $1", InboxAddress(tenant, name).inbox_id
    )
    return sum(row["state"] == DeliveryState.DELIVERED for row in rows) == count


async def test_receivers_that_hang_hold_their_own_places_and_no_more(house: House) -> None:
    await hooks(house, TENANT, max_concurrency=3, settings={"timeout_seconds": 20.0})
    await hooks(house, GLOBEX)
    async with HttpFake(Fault.HANG) as hanging, HttpFake(Reply(204)) as well:
        await hook(house, TENANT, "ann", hanging.url)
        await hook(house, GLOBEX, "bob", well.url)
        async with house.working():
            await send(house, TENANT, "ann", 30)
            await hanging.wait_for(3)
            await send(house, GLOBEX, "bob", 30)
            await eventually(lambda: delivered(house, GLOBEX, "bob", 30), 10)
            assert len(hanging.requests) == 3
    attempts = await house.database.fetch(
        "SELECT max(attempt_count) FROM delivery WHERE inbox_id = $1", InboxAddress(TENANT, "ann").inbox_id
    )
    # To wait for a place is no attempt.
    assert attempts[0][0] == 1


async def test_an_urgent_message_finds_a_place_while_the_others_hold_theirs(house: House) -> None:
    """A broadcast to receivers that hang, by the provider that the urgent message needs too."""
    await hooks(house, TENANT, max_concurrency=5, settings={"timeout_seconds": 20.0})
    async with HttpFake(Fault.HANG) as hanging, HttpFake(Reply(204)) as well:
        await hook(house, TENANT, "ann", hanging.url)
        await hook(house, TENANT, "bob", well.url)
        async with house.working():
            await send(house, TENANT, "ann", 30)
            await hanging.wait_for(4)
            await send(house, TENANT, "bob", priority=Priority.URGENT)
            await eventually(lambda: delivered(house, TENANT, "bob", 1), 10)
            assert len(hanging.requests) == 4


async def test_an_urgent_message_gets_the_next_token(house: House) -> None:
    await hooks(house, TENANT, rate_per_second=5.0)
    async with HttpFake(Reply(204)) as many, HttpFake(Reply(204)) as one:
        await hook(house, TENANT, "ann", many.url)
        await hook(house, TENANT, "bob", one.url)
        async with house.working():
            await send(house, TENANT, "ann", 60)
            await many.wait_for(2)
            await send(house, TENANT, "bob", priority=Priority.URGENT)
            await one.wait_for(1, within_seconds=10)
            # In line behind the others it would have been the last.
            assert len(many.requests) < 12


async def test_a_rate_is_kept_through_the_whole_engine(house: House) -> None:
    await hooks(house, TENANT, rate_per_second=20.0, burst=2)
    async with HttpFake(Reply(204)) as far:
        await hook(house, TENANT, "ann", far.url)
        async with house.working():
            started = utc_now()
            await send(house, TENANT, "ann", 22)
            await eventually(lambda: delivered(house, TENANT, "ann", 22), 20)
            assert (utc_now() - started).total_seconds() >= 0.95
    assert len(far.requests) == 22


async def test_those_who_wait_do_not_wait_for_the_sweep(postgres_url: str, redis_url: str) -> None:
    """Twenty a second, one at once; nobody looks more often than once a second by itself."""
    async with House.open(
        postgres_url, redis_url, egress_allowed_networks=("127.0.0.0/8",), sweep_seconds=30.0
    ) as house:
        await hooks(house, TENANT, rate_per_second=20.0)
        async with HttpFake(Reply(204)) as far:
            await hook(house, TENANT, "ann", far.url)
            await send(house, TENANT, "ann", 30)
            async with house.working():
                await eventually(lambda: delivered(house, TENANT, "ann", 30), 8)


async def test_mails_wait_while_the_relay_is_away_and_go_out_when_it_is_back(
    house: House, relay: Relay
) -> None:
    names = await house.crowd(40)
    await relay.stop()
    async with house.working():
        await house.send(*names)

        async def opened() -> bool:
            rows = await house.database.fetch("SELECT 1 FROM attempt WHERE error_class = 'unreachable'")
            return len(rows) >= 5

        await eventually(opened)
        await hooks(house, GLOBEX)
        async with HttpFake(Reply(204)) as well:
            await hook(house, GLOBEX, "bob", well.url)
            await send(house, GLOBEX, "bob", 10)
            await eventually(lambda: delivered(house, GLOBEX, "bob", 10))
        await relay.start()
        await relay.wait_for(40, within_seconds=25)
        await house.settled({DeliveryState.DELIVERED})
    assert len({mail.recipient for mail in relay.mails}) == 40
    assert max(row["attempt_count"] for row in await house.deliveries()) <= 4


async def test_the_next_provider_takes_what_the_first_fails_at(house: House) -> None:
    await hooks(house, TENANT, "first", priority=1, settings={"headers": {"x-by": "first"}})
    await hooks(house, TENANT, "second", priority=2, settings={"headers": {"x-by": "second"}})
    async with HttpFake(Reply(204)) as far:
        far.answer_with(Reply(503))
        await hook(house, TENANT, "ann", far.url)
        async with house.working():
            await send(house, TENANT, "ann")
            await eventually(lambda: delivered(house, TENANT, "ann", 1))
        assert [request.headers["x-by"] for request in far.requests] == ["first", "second"]
    assert [row["provider"] for row in await house.attempts()] == ["first", "second"]


async def test_a_change_of_settings_reaches_a_running_worker(house: House) -> None:
    await hooks(house, TENANT, settings={"user_agent": "before"})
    async with HttpFake(Reply(204)) as far:
        await hook(house, TENANT, "ann", far.url)
        async with house.working():
            await send(house, TENANT, "ann")
            await far.wait_for(1)
            await hooks(house, TENANT, settings={"user_agent": "after"})

            async def after() -> bool:
                await send(house, TENANT, "ann")
                return far.requests[-1].headers["user-agent"] == "after"

            await eventually(after)
    assert far.requests[0].headers["user-agent"] == "before"


async def test_nobody_hears_of_a_tenant_without_providers(house: House) -> None:
    await hook(house, GLOBEX, "bob", "http://127.0.0.1:9/")
    await send(house, GLOBEX, "bob")
    assert await house.deliveries() == []
    assert await fetch_health(house.database, INSTALLATION, timeout=5) == {}
