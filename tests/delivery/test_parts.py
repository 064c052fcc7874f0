"""What a channel says in words of its own, on its way from the rows to the provider."""

from __future__ import annotations

import json

import pytest

from carillon_server.domain.channel import Channel
from carillon_server.domain.delivery import DeliveryState
from carillon_server.domain.inbox import InboxAddress
from tests.delivery.catalog_rows import put_parts, share
from tests.delivery.gate import Gate
from tests.delivery.house import TENANT, House, payload

ANN = InboxAddress(TENANT, "ann")
MAIL = {"subject": "Invoice 7", "text": "It is paid."}


@pytest.fixture
async def sent(house: House) -> House:
    """Ann and Bob have a mail waiting, and no worker runs yet."""
    await house.people("ann", "bob")
    await house.send("ann", "bob")
    return house


async def test_a_provider_is_given_the_parts_of_its_channel(sent: House) -> None:
    await put_parts(sent.database, ANN, 1, {Channel.EMAIL: MAIL, Channel.SMS: {"text": "paid"}})
    gate = Gate(opened=True)
    async with sent.working({Channel.EMAIL: gate}):
        await sent.settled({DeliveryState.DELIVERED})
    parts = {message.recipient_id: message.parts for message in gate.messages}
    assert parts == {"ann": MAIL, "bob": {}}
    assert {message.content.title for message in gate.messages} == {"Invoice 7 is paid"}


async def test_a_channel_without_a_template_says_what_the_notification_says(sent: House) -> None:
    await put_parts(sent.database, ANN, 1, {Channel.SMS: {"text": "paid"}})
    gate = Gate(opened=True)
    async with sent.working({Channel.EMAIL: gate}):
        await sent.settled({DeliveryState.DELIVERED})
    assert [message.parts for message in gate.messages] == [{}, {}]


async def test_what_a_broadcast_shares_is_what_each_is_told(sent: House) -> None:
    names = {"ann": 0, "bob": 1}
    for name, variant in names.items():
        address = InboxAddress(TENANT, name)
        parts = {Channel.EMAIL: {"subject": f"Variant {variant}", "text": "t"}}
        await share(sent.database, address, 1, variant, payload(f"To {name}"), parts)
    gate = Gate(opened=True)
    async with sent.working({Channel.EMAIL: gate}):
        await sent.settled({DeliveryState.DELIVERED})
    told = {m.recipient_id: (m.content.title, m.parts["subject"]) for m in gate.messages}
    assert told == {"ann": ("To ann", "Variant 0"), "bob": ("To bob", "Variant 1")}


async def test_a_broadcast_without_templates_of_the_channel_tells_its_content(sent: House) -> None:
    await share(sent.database, ANN, 1, 0, payload("To all"), {Channel.SMS: {"text": "short"}})
    gate = Gate(opened=True)
    async with sent.working({Channel.EMAIL: gate}):
        await sent.settled({DeliveryState.DELIVERED})
    (message,) = [each for each in gate.messages if each.recipient_id == "ann"]
    assert (message.content.title, message.parts) == ("To all", {})


@pytest.mark.parametrize(
    "stored",
    [
        "[]",
        "7",
        "null",
        '{"subject": 7, "text": "t"}',
        '{"text": "t"}',
        '{"subject": "", "text": "t"}',
        "{}",
    ],
)
async def test_parts_that_make_no_sense_fail_alone(sent: House, stored: str) -> None:
    await put_parts(sent.database, ANN, 1, {Channel.EMAIL: json.loads(stored)})
    gate = Gate(opened=True)
    async with sent.working({Channel.EMAIL: gate}):
        rows = await sent.settled({DeliveryState.DELIVERED, DeliveryState.REJECTED})
    reasons = {row["inbox_id"]: row["finish_reason"] for row in rows}
    assert reasons == {ANN.inbox_id: "content_unreadable", InboxAddress(TENANT, "bob").inbox_id: None}
    assert [message.recipient_id for message in gate.messages] == ["bob"]


async def test_parts_of_a_newer_version_are_no_harm(sent: House) -> None:
    await put_parts(sent.database, ANN, 1, {Channel.EMAIL: {**MAIL, "amp": "<html>"}})
    async with sent.working({Channel.EMAIL: Gate(opened=True)}):
        await sent.settled({DeliveryState.DELIVERED})


async def test_a_broadcast_whose_content_is_gone_is_not_sent_empty(sent: House) -> None:
    await share(sent.database, ANN, 1, 0, payload("To all"), {})
    await sent.database.fetch("DELETE FROM broadcast_content")
    gate = Gate(opened=True)
    async with sent.working({Channel.EMAIL: gate}):
        await sent.settled({DeliveryState.DELIVERED, DeliveryState.REJECTED})
    assert [message.recipient_id for message in gate.messages] == ["bob"]


async def test_a_delivery_of_no_channel_harms_no_other_claim(sent: House) -> None:
    await sent.database.fetch("UPDATE delivery SET endpoint_id = '' WHERE inbox_id = $1", ANN.inbox_id)
    async with sent.working({Channel.EMAIL: Gate(opened=True)}):
        rows = await sent.settled({DeliveryState.DELIVERED, DeliveryState.REJECTED})
    reasons = {row["inbox_id"]: row["finish_reason"] for row in rows}
    assert reasons[ANN.inbox_id] == "unreadable"
