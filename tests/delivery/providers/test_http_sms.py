"""A gateway of any make: how it is asked, and what its answers mean."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qs

import pytest
from pydantic import ValidationError

from carillon_server.delivery.providers.provider import Provider
from carillon_server.delivery.providers.sms.http_sms import KIND
from carillon_server.delivery.providers.sms.http_sms_settings import HttpSmsSettings
from carillon_server.domain.outcome import Delivered, Outcome, Rejected, Retry, Throttled, Unknown
from carillon_server.testing import Fault, Reply, SmsGatewayFake
from tests.delivery.providers.cases.http_sms import CASE, TOKEN
from tests.delivery.providers.conformance import message

NUMBER = "+4915112345678"
TEXT = "Invoice 7 is paid\nThank you.\nhttps://app.example.com/invoices/7"
IDEMPOTENT = {"idempotency_header": "Idempotency-Key"}


@pytest.fixture
async def fake() -> AsyncIterator[SmsGatewayFake]:
    async with SmsGatewayFake(token=TOKEN) as fake:
        yield fake


def built(fake: SmsGatewayFake, **changes: Any) -> Provider:
    settings = HttpSmsSettings.model_validate({**CASE.settings(fake), **changes})
    return KIND.build("gateway", settings, CASE.workshop(fake))


async def send(fake: SmsGatewayFake, *steps: Reply | Fault, **changes: Any) -> Outcome:
    """One message for each step; the last outcome."""
    provider = built(fake, **changes)
    outcome: Outcome = Rejected("", "")
    fake.answer_with(*steps)
    for _ in steps or (None,):
        outcome = await provider.send(message(address=NUMBER))
    await provider.close()
    return outcome


async def test_a_json_gateway(fake: SmsGatewayFake) -> None:
    assert await send(fake, sender="Acme", id_field="ref", extra_fields={"route": "gold"}) == Delivered(
        "msg-0"
    )
    (request,) = fake.requests
    ref = str(message(address=NUMBER).delivery_id)
    assert request.json() == {"to": NUMBER, "text": TEXT, "from": "Acme", "ref": ref, "route": "gold"}
    assert request.headers["x-key"] == "another-secret-of-the-header"


async def test_a_form_gateway_with_other_names_and_a_password(fake: SmsGatewayFake) -> None:
    outcome = await send(
        fake,
        Reply(200, body=b"OK"),
        body_format="form",
        method="PUT",
        to_field="msisdn",
        text_field="body",
        auth="basic",
        username="acme",
        password="pass",
    )
    (request,) = fake.requests
    assert request.method == "PUT"
    assert parse_qs(request.body.decode()) == {"msisdn": [NUMBER], "body": [TEXT]}
    assert request.headers["authorization"] == "Basic YWNtZTpwYXNz"
    # It says no id: ours stands for it, so that callbacks can name it.
    assert outcome == Delivered(str(message(address=NUMBER).delivery_id))


@pytest.mark.parametrize(
    ("path", "answer", "expected"),
    [
        ("id", {"id": 17}, "17"),
        ("a.b.1.c", {"a": {"b": [{}, {"c": "x"}]}}, "x"),
        ("a.b", {"a": []}, None),
        ("a.7", {"a": ["x"]}, None),
        ("a", {"a": True}, None),
        ("a", {"a": {"b": 1}}, None),
        ("a.b.c.d", {}, None),
    ],
)
async def test_where_the_answer_has_the_id(
    fake: SmsGatewayFake, path: str, answer: object, expected: str | None
) -> None:
    ours = str(message(address=NUMBER).delivery_id)
    assert await send(fake, Reply.of_json(answer), id_path=path) == Delivered(expected or ours)


@pytest.mark.parametrize(
    ("step", "kind", "error_class"),
    [
        (Reply(400), Rejected, "http_400"),
        (Reply(401), Retry, "credentials_refused"),
        (Reply(429), Throttled, "http_429"),
        (Reply(503), Retry, "http_503"),
        (Reply(500), Unknown, "http_500"),
        (Reply(204), Unknown, "http_204"),
        (Fault.RESET, Unknown, "disconnected"),
        (Fault.GARBAGE, Unknown, "protocol"),
    ],
)
async def test_answers(
    fake: SmsGatewayFake, step: Reply | Fault, kind: type[Outcome], error_class: str
) -> None:
    outcome = await send(fake, step)
    assert isinstance(outcome, kind)
    assert outcome.error_class == error_class


@pytest.mark.parametrize("step", [Reply(500), Reply(204), Fault.RESET, Fault.HANG, Fault.GARBAGE])
async def test_a_gateway_that_tells_repeats_is_asked_again(fake: SmsGatewayFake, step: Reply | Fault) -> None:
    assert isinstance(await send(fake, step, **IDEMPOTENT), Retry)


async def test_repeats_carry_one_key_so_one_message_goes_out(fake: SmsGatewayFake) -> None:
    provider = built(fake, **IDEMPOTENT)
    outcomes = [await provider.send(message(address=NUMBER)) for _ in range(3)]
    await provider.close()
    assert outcomes == [Delivered("msg-0")] * 3
    assert len(fake.messages) == 1
    assert len(fake.requests) == 3


@pytest.mark.parametrize(
    "changes",
    [
        {"url": "gopher://gateway.example.com"},
        {"method": "GET"},
        {"auth": "basic"},
        {"auth": "bearer", "token": None},
        {"headers": {"X-A": "a\r\nX-B: b"}},
        {"secret_headers": {"X A": "a"}},
        {"headers": {"Authorization": "Bearer x"}},
        {"headers": {"Connection": "upgrade", "Upgrade": "h2c"}},
        {"headers": {"X-A": "1", "x-a": "2"}},
        {"auth": "bearer", "token": "a\r\nX-B: b"},
        {"auth": "bearer", "token": " a "},
        {"auth": "bearer", "token": ""},
        {"auth": "bearer", "token": "ä"},
        {"accepted_statuses": [500]},
        {"accepted_statuses": []},
        {"idempotency_header": "a b"},
        {"idempotency_header": "Authorization"},
        {"idempotency_header": "Content-Length"},
        {"idempotency_header": "Host"},
        {"idempotency_header": "Transfer-Encoding"},
        {"id_path": "a..b"},
    ],
)
async def test_settings_that_make_no_sense_are_refused(fake: SmsGatewayFake, changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        built(fake, **changes)
