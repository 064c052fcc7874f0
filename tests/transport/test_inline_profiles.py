"""What a Send brings along of its recipients is stored as by UpsertRecipient."""

from __future__ import annotations

import time
from typing import Any

from google.protobuf.json_format import MessageToDict

from carillon.v1 import recipient_service_pb2 as recipients
from carillon.v1 import types_pb2
from tests.transport.conftest import House
from tests.transport.requests import build

_MAX_SECONDS_OF_A_THOUSAND = 3.0


async def _send(house: House, *profiles: dict[str, Any]) -> None:
    request = build("Send", {"recipient_ids": None, "recipients": list(profiles)})
    await house.producer.call("Send", request, timeout=20)


async def _held(house: House, recipient_id: str) -> tuple[dict[str, Any], list[tuple[int, str]]]:
    get = recipients.GetRecipientRequest(recipient_id=recipient_id)
    recipient = (await house.producer.call("GetRecipient", get)).recipient
    listing = recipients.ListEndpointsRequest(recipient_id=recipient_id)
    endpoints = (await house.producer.call("ListEndpoints", listing)).endpoints
    return MessageToDict(recipient.attributes), sorted((each.channel, each.address) for each in endpoints)


async def test_attributes_and_addresses_of_a_profile_are_kept(house: House) -> None:
    profile = {"recipient_id": "ada", "email": "Ada@Example.COM", "phone": "+41446681800"}
    await _send(house, {**profile, "attributes": {"plan": "pro"}}, {"recipient_id": "ada", "locale": "de"})
    addresses = [(types_pb2.CHANNEL_EMAIL, "Ada@example.com"), (types_pb2.CHANNEL_SMS, "+41446681800")]
    assert await _held(house, "ada") == ({"plan": "pro"}, addresses)
    await _send(house, profile)
    assert await _held(house, "ada") == ({"plan": "pro"}, addresses)
    await _send(house, {"recipient_id": "ada", "attributes": {}})
    assert await _held(house, "ada") == ({}, addresses)


async def test_one_endpoint_too_many_stores_nobody_and_sends_nothing(house: House) -> None:
    endpoints = [{"channel": 2, "address": f"a{number}@example.com"} for number in range(50)]
    request = recipients.UpsertRecipientRequest(recipient={"recipient_id": "ada"}, endpoints=endpoints)
    await house.producer.call("UpsertRecipient", request)
    profiles = [{"recipient_id": "bob", "locale": "de"}, {"recipient_id": "ada", "email": "more@example.com"}]
    send = build("Send", {"recipient_ids": None, "recipients": profiles})
    assert (await house.producer.refusal("Send", send)).reason == "FIELD_INVALID"
    get = recipients.GetRecipientRequest(recipient_id="bob")
    assert (await house.producer.call("GetRecipient", get)).recipient.locale == ""


async def test_a_thousand_profiles_take_no_round_trip_each(house: House) -> None:
    profiles = [
        {"recipient_id": f"r{n}", "email": f"r{n}@example.com", "phone": f"+4144668{n:04}"}
        for n in range(1_000)
    ]
    began = time.perf_counter()
    await _send(house, *profiles)
    assert time.perf_counter() - began < _MAX_SECONDS_OF_A_THOUSAND
    assert len((await _held(house, "r999"))[1]) == 2
