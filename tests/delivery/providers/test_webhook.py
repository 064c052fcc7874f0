"""Webhooks: signed as the specification says, told apart by an id, and never called where they must not."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pydantic import SecretStr, ValidationError
from standardwebhooks import Webhook
from standardwebhooks.webhooks import WebhookVerificationError

from carillon_server.delivery.providers.http.egress import Egress
from carillon_server.delivery.providers.provider import Message, Provider, Workshop
from carillon_server.delivery.providers.webhook.webhook import KIND
from carillon_server.delivery.providers.webhook.webhook_settings import WebhookSettings
from carillon_server.domain.channel import Priority
from carillon_server.domain.notification import Action, Content
from carillon_server.domain.outcome import Delivered, EndpointGone, Outcome, Rejected, Retry
from carillon_server.testing import HttpFake, ReceivedRequest, Reply
from tests.delivery.providers.conformance import message

OLD, NEW, OTHER = (f"whsec_{b64encode(bytes([number]) * 32).decode()}" for number in (1, 2, 3))


@pytest.fixture
async def fake() -> AsyncIterator[HttpFake]:
    async with HttpFake() as fake:
        yield fake


def build(*secrets: str, egress: Egress | None = None, **settings: Any) -> Provider:
    values = WebhookSettings(signing_secrets=[SecretStr(secret) for secret in secrets or [NEW]], **settings)
    allowed = egress or Egress(["127.0.0.0/8"])
    return KIND.build("hooks", values, Workshop(clock=lambda: datetime.now(UTC), egress=allowed))


async def send(provider: Provider, sent: Message) -> Outcome:
    try:
        return await provider.send(sent)
    finally:
        await provider.close()


async def received(fake: HttpFake, *secrets: str, **settings: Any) -> ReceivedRequest:
    outcome = await send(build(*secrets, **settings), message(f"{fake.url}/hooks?tenant=acme"))
    assert isinstance(outcome, Delivered)
    return fake.requests[-1]


async def test_what_arrives_verifies_and_says_what_happened(fake: HttpFake) -> None:
    sent = message(f"{fake.url}/hooks?tenant=acme")
    outcome = await send(build(), sent)
    (request,) = fake.requests
    body = Webhook(NEW).verify(request.body, dict(request.headers))
    assert outcome == Delivered(str(sent.delivery_id))
    assert request.headers["webhook-id"] == str(sent.delivery_id)
    assert (request.method, request.path) == ("POST", "/hooks?tenant=acme")
    assert request.headers["content-type"] == "application/json"
    assert (body["type"], body["timestamp"]) == ("invoice.paid", "2026-11-21T12:00:00.000Z")
    assert body["data"]["notification_id"] == str(sent.notification_id)


async def test_the_body_is_a_public_format(fake: HttpFake) -> None:
    """Receivers are built on it: a field that goes away or changes its form breaks them."""
    sent = message(
        fake.url,
        content=Content(
            "Grüße", "b", "https://a.example/", "bell", "", (Action("open", "Open", "https://a.example/o"),)
        ),
        priority=Priority.HIGH,
        thread_key="t",
        collapse_key="c",
        actor_id="bob",
        expire_time=datetime(2026, 11, 22, 13, 0, tzinfo=UTC),
    )
    await send(build(), sent)
    assert fake.requests[0].json()["data"] == {
        "notification_id": str(sent.notification_id),
        "tenant": "acme",
        "recipient_id": "ann",
        "type": "invoice.paid",
        "category": "billing",
        "priority": "HIGH",
        "title": "Grüße",
        "body": "b",
        "action_url": "https://a.example/",
        "icon": "bell",
        "image_url": "",
        "actions": [{"id": "open", "label": "Open", "url": "https://a.example/o"}],
        "locale": "en",
        "actor_id": "bob",
        "thread_key": "t",
        "collapse_key": "c",
        "labels": {"team": "finance"},
        "data": {"invoice": 7},
        "create_time": "2026-11-21T12:00:00.000Z",
        "expire_time": "2026-11-22T13:00:00.000Z",
    }


async def test_while_a_secret_is_changed_receivers_may_know_either(fake: HttpFake) -> None:
    request = await received(fake, NEW, OLD)
    for known in (NEW, OLD):
        Webhook(known).verify(request.body, dict(request.headers))
    with pytest.raises(WebhookVerificationError):
        Webhook(OTHER).verify(request.body, dict(request.headers))


async def test_a_body_or_id_or_time_that_was_changed_does_not_verify(fake: HttpFake) -> None:
    request = await received(fake)
    headers = dict(request.headers)
    later = str(int(headers["webhook-timestamp"]) + 1)
    changed = (
        (request.body + b" ", headers),
        (request.body, {**headers, "webhook-id": "dlv_other"}),
        (request.body, {**headers, "webhook-timestamp": later}),
    )
    for body, fields in changed:
        with pytest.raises(WebhookVerificationError):
            Webhook(NEW).verify(body, fields)


async def test_the_time_is_that_of_the_attempt_in_any_zone(fake: HttpFake) -> None:
    """A clock that shows the time of another zone shows the same instant."""
    now = datetime.now(ZoneInfo("Asia/Kathmandu"))
    settings = WebhookSettings(signing_secrets=[SecretStr(NEW)])
    workshop = Workshop(clock=lambda: now, egress=Egress(["127.0.0.0/8"]))
    await send(KIND.build("hooks", settings, workshop), message(fake.url))
    Webhook(NEW).verify(fake.requests[0].body, dict(fake.requests[0].headers))


async def test_headers_of_the_tenant_go_along(fake: HttpFake) -> None:
    request = await received(fake, headers={"X-Team": "a b"}, user_agent="acme/1")
    assert (request.headers["x-team"], request.headers["user-agent"]) == ("a b", "acme/1")


@pytest.mark.parametrize("status", [400, 401, 404, 409, 413, 429, 500, 503, 301, 302, 307, 308])
async def test_everything_but_2xx_and_410_is_tried_again(fake: HttpFake, status: int) -> None:
    fake.answer_with(Reply(status, {"location": f"{fake.url}/elsewhere"}))
    outcome = await send(build(), message(fake.url))
    assert isinstance(outcome, Retry)
    assert outcome.error_class == f"http_{status}"
    assert len(fake.requests) == 1


async def test_gone_retires_the_endpoint(fake: HttpFake) -> None:
    fake.answer_with(Reply(410))
    assert isinstance(await send(build(), message(fake.url)), EndpointGone)


@pytest.mark.parametrize(
    "address",
    [
        "https://127.0.0.1/x",
        "https://0x7f.1/x",
        "https://[::ffff:169.254.169.254]/x",
        "http://example.com/",
        "https://intranet/",
        "nonsense",
    ],
)
async def test_an_address_that_may_not_be_reached_is_rejected_for_good(address: str) -> None:
    outcome = await send(build(egress=Egress()), message(address))
    assert isinstance(outcome, Rejected)
    assert outcome.error_class in ("address_forbidden", "address_invalid")


@pytest.mark.parametrize("records", [["127.0.0.1"], ["93.184.215.14", "127.0.0.1"], ["::1", "93.184.215.14"]])
async def test_a_name_that_leads_to_a_private_address_is_rejected(fake: HttpFake, records: list[str]) -> None:
    async def resolver(_host: str, _port: int) -> list[str]:
        return records

    outcome = await send(
        build(egress=Egress(resolver=resolver)), message(f"https://hooks.example.com:{fake.port}/")
    )
    assert outcome == Rejected("address_forbidden", "the address is not public")
    assert fake.connections_made == 0


@pytest.mark.parametrize(
    "settings",
    [
        {"signing_secrets": []},
        {"signing_secrets": [NEW] * 6},
        {"signing_secrets": ["whsec_short"]},
        {"signing_secrets": [NEW.removeprefix("whsec_")]},
        {"signing_secrets": [NEW + "!"]},
        {"signing_secrets": ["whsec_" + b64encode(bytes(65)).decode()]},
        {"timeout_seconds": 0},
        {"timeout_seconds": 3_600},
        {"headers": {"X-A": "b\r\nX-Evil: 1"}},
        {"headers": {"X-A": "b\n"}},
        {"headers": {"X A": "b"}},
        {"headers": {"X-A\r\n": "b"}},
        {"headers": {"X-A": "ü"}},
        {"headers": {"X-A": "b", "x-a": "c"}},
        {"headers": {"Webhook-Signature": "v1,forged"}},
        {"headers": {"HOST": "internal"}},
        {"headers": {"Content-Length": "0"}},
        {"headers": {"Transfer-Encoding": "chunked"}},
        {"headers": {f"x-{number}": "b" for number in range(21)}},
        {"user_agent": "a\r\nX-Evil: 1"},
        {"ca_file": "/etc/passwd"},
    ],
)
def test_settings_that_make_no_sense_are_refused(settings: Mapping[str, Any]) -> None:
    with pytest.raises(ValidationError) as caught:
        WebhookSettings.model_validate({"signing_secrets": [NEW], **settings})
    # What a caller is told; it must not repeat a secret.
    told = str([(error["loc"], error["msg"]) for error in caught.value.errors()])
    assert "whsec_short" not in told
    assert NEW.removeprefix("whsec_") not in told
