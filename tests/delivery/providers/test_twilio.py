"""What Twilio says, and what it means for the message, its number and its sender."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote_plus

import pytest
from pydantic import ValidationError

from carillon_server.delivery.providers.provider import Provider
from carillon_server.delivery.providers.sms.twilio import KIND, TwilioSettings
from carillon_server.domain.outcome import (
    Delivered,
    EndpointGone,
    Outcome,
    Rejected,
    Retry,
    Throttled,
    Unknown,
)
from carillon_server.testing import Fault, Reply, TwilioFake
from tests.delivery.providers.cases.twilio import CASE, TOKEN
from tests.delivery.providers.conformance import message

NUMBER = "+4915112345678"
KEY_SID = "SK" + "a" * 32
SERVICE_SID = "MG" + "b" * 32


@pytest.fixture
async def fake() -> AsyncIterator[TwilioFake]:
    async with TwilioFake(auth_token=TOKEN) as fake:
        yield fake


@pytest.fixture
async def provider(fake: TwilioFake) -> AsyncIterator[Provider]:
    provider = CASE.build(fake)
    yield provider
    await provider.close()


def built(fake: TwilioFake, **changes: Any) -> Provider:
    values = {**CASE.settings(fake), **changes}
    settings = TwilioSettings.model_validate({name: value for name, value in values.items() if value})
    return KIND.build("twilio", settings, CASE.workshop(fake))


async def test_the_message_goes_out_as_twilio_wants_it(fake: TwilioFake, provider: Provider) -> None:
    outcome = await provider.send(message(address="+49 151 12345678"))
    (sid,) = fake.messages
    assert outcome == Delivered(sid)
    assert fake.messages[sid] == {
        "To": NUMBER,
        "From": "+15005550006",
        "Body": "Invoice 7 is paid\nThank you.\nhttps://app.example.com/invoices/7",
    }


async def test_a_messaging_service_and_an_api_key_are_used_where_given(fake: TwilioFake) -> None:
    provider = built(
        fake,
        from_number=None,
        messaging_service_sid=SERVICE_SID,
        api_key_sid=KEY_SID,
        api_key_secret="key-secret",
        status_callback_url="https://hooks.example.com/twilio",
    )
    fake.answer_with(CASE.accepted)
    await provider.send(message(address=NUMBER))
    await provider.close()
    (request,) = fake.requests
    assert f"MessagingServiceSid={SERVICE_SID}" in request.body.decode()
    ours = message(address=NUMBER).delivery_id
    url = quote_plus(f"https://hooks.example.com/twilio?delivery_id={ours}")
    assert f"StatusCallback={url}" in request.body.decode()
    assert "From=" not in request.body.decode()
    assert request.headers["authorization"] == "Basic U0th" + "YWFh" * 10 + "YTprZXktc2VjcmV0"


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (21211, EndpointGone("twilio_21211", "Twilio's error 21211")),
        (21217, EndpointGone("twilio_21217", "Twilio's error 21217")),
        (21610, EndpointGone("twilio_21610", "Twilio's error 21610")),
        (21614, EndpointGone("twilio_21614", "Twilio's error 21614")),
        (21408, Rejected("twilio_21408", "Twilio's error 21408")),
        (21612, Rejected("twilio_21612", "Twilio's error 21612")),
        (21606, Retry("twilio_21606", "Twilio's error 21606")),
        (21611, Throttled("twilio_21611", "Twilio's error 21611")),
    ],
)
async def test_error_codes(fake: TwilioFake, provider: Provider, code: int, expected: Outcome) -> None:
    fake.refusals[NUMBER] = code
    assert await provider.send(message(address=NUMBER)) == expected


@pytest.mark.parametrize(
    ("step", "kind", "error_class"),
    [
        (Reply.of_json({"code": 20003}, 401), Retry, "credentials_refused"),
        (Reply.of_json({"code": 20003}, 403), Retry, "credentials_refused"),
        (Reply(403), Retry, "credentials_refused"),
        (Reply(404), Retry, "credentials_refused"),
        (Reply.of_json({"code": 21408}, 403), Rejected, "twilio_21408"),
        (Reply.of_json({"code": 20001}, 400), Rejected, "http_400"),
        (Reply(429), Throttled, "http_429"),
        (Reply(503, {"retry-after": "3"}), Throttled, "http_503"),
        (Reply(503), Retry, "http_503"),
        (Reply(500), Unknown, "http_500"),
        (Reply(502), Unknown, "http_502"),
        (Reply(504), Unknown, "http_504"),
        (Reply(201, body=b"<html>"), Unknown, "protocol"),
        (Reply.of_json({"sid": None}, 201), Unknown, "protocol"),
        (Fault.RESET, Unknown, "disconnected"),
        (Fault.HANG, Unknown, "timeout"),
    ],
)
async def test_answers(
    fake: TwilioFake, provider: Provider, step: Reply | Fault, kind: type[Outcome], error_class: str
) -> None:
    fake.answer_with(step)
    outcome = await provider.send(message(address=NUMBER))
    assert isinstance(outcome, kind)
    assert outcome.error_class == error_class


@pytest.mark.parametrize("address", ["", "nonsense", "015112345678", "+49", "+1" * 20, "+49151\r\nX: y"])
async def test_what_is_no_number_never_leaves(fake: TwilioFake, provider: Provider, address: str) -> None:
    outcome = await provider.send(message(address=address))
    assert isinstance(outcome, Rejected)
    assert outcome.error_class == "address_invalid"
    assert not fake.requests


@pytest.mark.parametrize(
    "changes",
    [
        {"account_sid": "AC1"},
        {"account_sid": "AC" + "0" * 31 + "/"},
        {"auth_token": None},
        {"api_key_sid": KEY_SID},
        {"from_number": None},
        {"messaging_service_sid": SERVICE_SID},
        {"from_number": "+1500\r\n"},
        {"api_url": "ftp://api.twilio.com"},
        {"api_url": "https://user@api.twilio.com"},
        {"price_micros_per_segment": -1},
        {"price_micros_by_country": {"Germany": 1}},
        {"callback_secrets": ["whsec_not base64 at all!"]},
        {"callback_secrets": ["whsec_"]},
    ],
)
async def test_settings_that_make_no_sense_are_refused(fake: TwilioFake, changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        built(fake, **changes)
