"""What a tenant allows text messages to cost holds for all its workers together."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from itertools import chain
from typing import Any

import pytest

from carillon_server.delivery.providers.provider import Provider
from carillon_server.delivery.providers.sms.http_sms import KIND
from carillon_server.delivery.providers.sms.http_sms_settings import HttpSmsSettings
from carillon_server.domain.delivery_settings import DeliverySettings, SmsLimits
from carillon_server.domain.ids import DeliveryId
from carillon_server.domain.notification import Content
from carillon_server.domain.outcome import Delivered, Outcome, Rejected, Retry
from carillon_server.domain.sms import measure
from carillon_server.services.sms_ledger import StoredSmsLedger
from carillon_server.storage.database import Database
from carillon_server.storage.delivery_settings import put_settings
from carillon_server.testing import Fault, Reply, SmsGatewayFake
from tests.delivery.providers.cases.http_sms import CASE, TOKEN
from tests.delivery.providers.conformance import message

GERMAN, FRENCH, BRITISH = "+4915112345678", "+33612345678", "+447400123456"


@pytest.fixture
async def database(postgres_url: str) -> AsyncIterator[Database]:
    database = await Database.connect(postgres_url, max_connections=10)
    yield database
    await database.close()


@pytest.fixture
async def gateway() -> AsyncIterator[SmsGatewayFake]:
    async with SmsGatewayFake(token=TOKEN) as gateway:
        yield gateway


async def allow(database: Database, tenant: str = "acme", **limits: Any) -> None:
    settings = DeliverySettings(sms=SmsLimits(**limits))
    await database.transaction(lambda connection: put_settings(connection, tenant, settings))


def built(database: Database, gateway: SmsGatewayFake, **settings: Any) -> Provider:
    """As one worker has it."""
    priced = {"price_micros_per_segment": 1, **CASE.settings(gateway), **settings}
    workshop = replace(CASE.workshop(gateway), sms_ledger=StoredSmsLedger(database))
    return KIND.build("gateway", HttpSmsSettings.model_validate(priced), workshop)


async def send(provider: Provider, address: str = GERMAN, count: int = 1, **changes: Any) -> list[Outcome]:
    """At once."""
    messages = [
        message(address=address, delivery_id=DeliveryId(bytes(16), number, 0), **changes)
        for number in range(count)
    ]
    return await asyncio.gather(*(provider.send(each) for each in messages))


async def spent(database: Database, tenant: str = "acme") -> tuple[int, int]:
    row = await database.fetchrow("SELECT amount_micros, segments FROM sms_spend WHERE tenant = $1", tenant)
    return (row["amount_micros"], row["segments"]) if row else (0, 0)


async def test_of_fifty_at_once_from_two_workers_no_more_go_out_than_are_paid_for(
    database: Database, gateway: SmsGatewayFake
) -> None:
    await allow(database, daily_spend_cap_micros=20)
    workers = [built(database, gateway), built(database, gateway)]
    outcomes = list(chain(*await asyncio.gather(*(send(worker, count=25) for worker in workers))))
    assert len(gateway.messages) == 20
    assert sum(isinstance(outcome, Delivered) for outcome in outcomes) == 20
    refused = [outcome for outcome in outcomes if not isinstance(outcome, Delivered)]
    assert {(type(outcome), outcome.error_class) for outcome in refused} == {(Rejected, "spend_cap_reached")}
    assert await spent(database) == (20, 20)
    for worker in workers:
        await worker.close()


@pytest.mark.parametrize("step", [Reply(400), Reply(401), Reply(429), Reply(503)])
async def test_what_was_not_taken_is_given_back(
    database: Database, gateway: SmsGatewayFake, step: Reply
) -> None:
    await allow(database, daily_spend_cap_micros=1)
    provider = built(database, gateway)
    gateway.answer_with(step)
    (outcome,) = await send(provider)
    assert not isinstance(outcome, Delivered)
    assert await spent(database) == (0, 0)
    (outcome,) = await send(provider)
    assert isinstance(outcome, Delivered)
    await provider.close()


@pytest.mark.parametrize("step", [Reply(500), Fault.RESET])
async def test_what_may_have_been_taken_stays_spent(
    database: Database, gateway: SmsGatewayFake, step: Reply | Fault
) -> None:
    await allow(database, daily_spend_cap_micros=1)
    provider = built(database, gateway)
    gateway.answer_with(step)
    await send(provider)
    assert await spent(database) == (1, 1)
    (outcome,) = await send(provider)
    assert isinstance(outcome, Rejected)
    await provider.close()


async def test_an_attempt_that_is_cut_off_stays_spent(database: Database, gateway: SmsGatewayFake) -> None:
    """Nobody knows whether it was taken, as when a worker dies."""
    await allow(database, daily_spend_cap_micros=1)
    provider = built(database, gateway)
    gateway.answer_with(Fault.HANG)
    attempt = asyncio.create_task(send(provider))
    await gateway.wait_for(1)
    attempt.cancel()
    with pytest.raises(asyncio.CancelledError):
        await attempt
    assert await spent(database) == (1, 1)
    await provider.close()


async def test_each_segment_costs_what_its_country_costs(database: Database, gateway: SmsGatewayFake) -> None:
    provider = built(database, gateway, price_micros_by_country={"FR": 70})
    content = Content("x" * 200, "", "", "", "")
    await send(provider, GERMAN, content=content)
    assert await spent(database) == (2, 2)
    await send(provider, FRENCH, content=content)
    assert await spent(database) == (142, 4)
    await provider.close()


async def test_one_tenant_does_not_spend_what_is_anothers(
    database: Database, gateway: SmsGatewayFake
) -> None:
    await allow(database, daily_spend_cap_micros=1)
    await allow(database, "globex", daily_spend_cap_micros=1)
    provider = built(database, gateway)
    outcomes = await send(provider) + await send(provider, tenant="globex") + await send(provider)
    assert [type(outcome) for outcome in outcomes] == [Delivered, Delivered, Rejected]
    await provider.close()


async def test_yesterday_is_another_account(database: Database, gateway: SmsGatewayFake) -> None:
    await allow(database, daily_spend_cap_micros=1)
    async with database.connection() as connection:
        await connection.execute(
            "INSERT INTO sms_spend VALUES ('acme', (now() AT TIME ZONE 'UTC')::date - 1, 1, 1)"
        )
    provider = built(database, gateway)
    (outcome,) = await send(provider)
    assert isinstance(outcome, Delivered)
    assert [row["amount_micros"] for row in await database.fetch("SELECT * FROM sms_spend")] == [1, 1]
    await provider.close()


async def test_numbers_of_other_countries_are_refused(database: Database, gateway: SmsGatewayFake) -> None:
    await allow(database, allowed_countries=frozenset({"DE", "GB"}))
    provider = built(database, gateway)
    # The last two belong to no country: a satellite phone, a number that nobody gave out.
    for address in (FRENCH, "+881612345678", "+10005550123"):
        (outcome,) = await send(provider, address)
        assert isinstance(outcome, Rejected)
        assert outcome.error_class in ("country_not_allowed", "address_invalid")
    assert not gateway.messages
    for address in (GERMAN, BRITISH):
        (outcome,) = await send(provider, address)
        assert isinstance(outcome, Delivered)
    assert await spent(database) == (2, 2)
    await provider.close()


async def test_a_long_text_is_cut_to_the_segments_allowed(
    database: Database, gateway: SmsGatewayFake
) -> None:
    await allow(database, max_segments=2)
    provider = built(database, gateway)
    await send(provider, content=Content("Title", "A long story. " * 100, "https://a.example/7", "", ""))
    (taken,) = gateway.messages.values()
    assert measure(taken["text"]).segments == 2
    assert taken["text"].endswith("...\nhttps://a.example/7")
    assert await spent(database) == (2, 2)
    await provider.close()


async def test_without_an_account_nothing_is_sent(postgres_url: str, gateway: SmsGatewayFake) -> None:
    database = await Database.connect(postgres_url, max_connections=1)
    provider = built(database, gateway)
    await database.close()
    (outcome,) = await send(provider)
    assert isinstance(outcome, Retry)
    assert outcome.error_class == "ledger_unavailable"
    assert not gateway.requests
    await provider.close()


def test_without_a_ledger_nothing_is_built(gateway: SmsGatewayFake) -> None:
    workshop = replace(CASE.workshop(gateway), sms_ledger=None)
    settings = HttpSmsSettings(url="https://gateway.example.com/send")
    with pytest.raises(ValueError, match="ledger"):
        KIND.build("gateway", settings, workshop)
