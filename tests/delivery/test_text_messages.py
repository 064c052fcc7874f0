"""A text message from Send to the phone, by a tenant's own Twilio: everything between is real."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qs

import pytest

from carillon_server.delivery.providers.http.egress import Egress
from carillon_server.delivery.providers.provider import Workshop
from carillon_server.delivery.routing.catalog import KindCatalog
from carillon_server.domain.channel import Channel
from carillon_server.domain.delivery import DeliveryState
from carillon_server.domain.delivery_settings import DeliverySettings, SmsLimits
from carillon_server.services.provider_events import ProviderEventService
from carillon_server.services.receipts import ReceiptService
from carillon_server.services.secret_box import SecretBox
from carillon_server.storage.database import Record
from carillon_server.storage.delivery_settings import put_settings
from carillon_server.testing import Fault, TwilioFake
from tests.delivery.house import TENANT, House, no_wake, utc_now
from tests.delivery.outbox import Outbox

NUMBER = "+4915112345678"
CALLBACK_URL = "https://hooks.example.com/twilio"


@pytest.fixture
async def twilio() -> AsyncIterator[TwilioFake]:
    async with TwilioFake() as twilio:
        yield twilio


@pytest.fixture
async def house(postgres_url: str, redis_url: str, twilio: TwilioFake) -> AsyncIterator[House]:
    """Its tenant has one provider, with a price."""
    allowed = ("127.0.0.0/8",)
    async with House.open(postgres_url, redis_url, egress_allowed_networks=allowed) as house:
        settings = {
            "account_sid": twilio.account_sid,
            "from_number": "+15005550006",
            "api_url": twilio.url,
            "status_callback_url": CALLBACK_URL,
            "price_micros_per_segment": 7,
            "timeout_seconds": 1.0,
        }
        outbox = Outbox(house.database, SecretBox(house.settings.raw_secret_keys))
        secrets = {"auth_token": twilio.auth_token}
        await outbox.provider("texts", "twilio", Channel.SMS, settings, secrets, TENANT)
        house.tenants.forget(TENANT)
        await house.put("ann", NUMBER, channel=Channel.SMS)
        yield house


@pytest.fixture
def callbacks(house: House) -> ProviderEventService:
    catalog = KindCatalog(workshop=Workshop(utc_now, Egress()))
    box = SecretBox(house.settings.raw_secret_keys)
    return ProviderEventService(
        house.database, catalog, box, utc_now, ReceiptService(house.database, no_wake)
    )


async def limit(house: House, **limits: Any) -> None:
    settings = DeliverySettings(sms=SmsLimits(**limits))
    await house.database.transaction(lambda connection: put_settings(connection, TENANT, settings))


async def deliver(house: House) -> Record:
    """One message, and what became of it."""
    await house.send("ann", channels=(Channel.SMS,))
    async with house.working():
        settled = set(DeliveryState) - {
            DeliveryState.SCHEDULED,
            DeliveryState.ATTEMPTING,
            DeliveryState.RETRYING,
        }
        (delivery,) = await house.settled(settled)
    return delivery


async def test_a_message_is_taken_paid_for_and_confirmed(
    house: House, twilio: TwilioFake, callbacks: ProviderEventService
) -> None:
    delivery = await deliver(house)
    ((sid, fields),) = twilio.messages.items()
    assert delivery["state"] == DeliveryState.DELIVERED
    assert (fields["To"], fields["Body"]) == (NUMBER, "Invoice 7 is paid")
    (attempt,) = await house.attempts()
    assert (attempt["provider"], attempt["provider_message_id"]) == ("texts", sid)
    (account,) = await house.database.fetch("SELECT amount_micros, segments FROM sms_spend")
    assert tuple(account) == (7, 1)
    callback = twilio.status_callback(sid, "delivered", fields["StatusCallback"])
    assert (await callbacks.record(TENANT, "texts", callback)).applied == 1
    ((confirmed,),) = await house.database.fetch("SELECT confirm_time FROM delivery")
    assert confirmed is not None


async def test_what_nobody_answered_is_not_sent_again_and_twilio_tells_its_fate(
    house: House, twilio: TwilioFake, callbacks: ProviderEventService
) -> None:
    twilio.answer_with(Fault.HANG)
    delivery = await deliver(house)
    assert delivery["state"] == DeliveryState.UNKNOWN
    (request,) = twilio.requests
    (url,) = parse_qs(request.body.decode())["StatusCallback"]
    callback = twilio.status_callback("SM" + "e" * 32, "delivered", url)
    assert (await callbacks.record(TENANT, "texts", callback)).applied == 1
    ((state,),) = await house.database.fetch("SELECT state FROM delivery")
    assert state == DeliveryState.DELIVERED


async def test_the_limits_of_the_tenant_hold(house: House, twilio: TwilioFake) -> None:
    await limit(house, daily_spend_cap_micros=6)
    delivery = await deliver(house)
    assert (delivery["state"], delivery["finish_reason"]) == (DeliveryState.REJECTED, "spend_cap_reached")
    assert not twilio.requests


async def test_a_number_that_opted_out_is_retired(house: House, twilio: TwilioFake) -> None:
    twilio.refusals[NUMBER] = 21610
    delivery = await deliver(house)
    assert (delivery["state"], delivery["finish_reason"]) == (DeliveryState.REJECTED, "twilio_21610")
    ((reason,),) = await house.database.fetch("SELECT retire_reason FROM endpoint")
    assert reason == "twilio_21610"
