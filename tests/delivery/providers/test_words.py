"""What a template says arrives as it was rendered, and nothing of the inbox's words beside it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from carillon_server.delivery.providers.chat import apprise
from carillon_server.delivery.providers.http.egress import Egress
from carillon_server.delivery.providers.offline import console, file
from carillon_server.delivery.providers.provider import Message, ProviderKind, Workshop
from carillon_server.delivery.providers.push import apns, fcm, web_push
from carillon_server.delivery.providers.push.ec_key import load_p256_key
from carillon_server.delivery.providers.push.vapid import public_key_of
from carillon_server.delivery.providers.webhook import webhook
from carillon_server.domain.channel import Channel
from carillon_server.domain.delivery_settings import SmsLimits
from carillon_server.domain.notification import Action, Content
from carillon_server.domain.outcome import Delivered, Outcome, Rejected
from carillon_server.domain.sms import measure
from carillon_server.testing import (
    ApnsFake,
    Certificate,
    FcmFake,
    HttpFake,
    Reply,
    WebPushFake,
    make_apns_key,
    make_vapid_key,
)
from tests.delivery.providers.cases import http_sms, twilio
from tests.delivery.providers.conformance import Case, message
from tests.delivery.providers.push_house import DEVICE, Clock, build, workshop

BUTTON = Action("open", "Press me", "/press")
INBOX = Content("Inbox title", "Inbox body", "/inbox", "inbox-icon", "https://a.example/7.png", (BUTTON,))
PUSH = {
    "title": "Paid",
    "body": "Invoice 7",
    "action_url": "/push/7",
    "icon": "coin",
    "data.screen": "invoice",
    "data.type": "mine",
}
SECRET = "whsec_" + "A" * 43 + "="


def said(address: str, parts: dict[str, str], **changes: Any) -> Message:
    return message(address, **{"content": INBOX, "parts": parts, **changes})


async def send(kind: ProviderKind[Any], settings: dict[str, Any], place: Workshop, sent: Message) -> Outcome:
    provider = build(kind, settings, place)
    try:
        return await provider.send(sent)
    finally:
        await provider.close()


async def fcm_message(parts: dict[str, str]) -> dict[str, Any]:
    async with FcmFake() as fake:
        settings = {"service_account": fake.service_account(), "api_url": fake.url}
        outcome = await send(fcm.KIND, settings, workshop(Clock()), said("phone", parts))
        assert isinstance(outcome, Delivered)
        [sent] = fake.messages
        return sent


async def test_fcm_carries_the_words_and_values_of_a_template() -> None:
    sent = await fcm_message(PUSH)
    picture = INBOX.image_url
    assert sent["notification"] == {"title": "Paid", "body": "Invoice 7", "image": picture}
    assert (sent["data"]["screen"], sent["data"]["url"]) == ("invoice", "https://app.example.com/push/7")
    assert sent["data"]["type"] == "invoice.paid"
    assert sent["android"]["notification"]["icon"] == "coin"


async def test_a_part_that_a_template_leaves_out_is_not_taken_from_the_inbox() -> None:
    sent = await fcm_message({"title": "Paid"})
    assert sent["notification"] == {"title": "Paid", "image": INBOX.image_url}
    assert "url" not in sent["data"]
    assert "Inbox" not in json.dumps(sent)


@pytest.mark.parametrize("name", ["from", "message_type", "google.x", "gcm.notification.y"])
async def test_names_that_fcm_keeps_for_itself_are_left_out(name: str) -> None:
    sent = await fcm_message({"title": "Paid", f"data.{name}": "x", "data.fromage": "y"})
    assert (name in sent["data"], sent["data"]["fromage"]) == (False, "y")


async def test_a_web_icon_goes_to_browsers_alone() -> None:
    sent = await fcm_message({**PUSH, "icon": "https://a.example/i.png"})
    assert sent["webpush"]["notification"] == {"icon": "https://a.example/i.png"}
    assert "icon" not in sent["android"]["notification"]


async def test_apns_carries_the_words_and_values_of_a_template(tmp_path: Path) -> None:
    key, clock = make_apns_key(), Clock()
    async with ApnsFake(Certificate.make(tmp_path), key, clock=clock) as fake:
        place = workshop(clock, ca_file=str(fake.certificate.certificate_file))
        settings = {**fake.settings(), "private_key": key}
        assert isinstance(await send(apns.KIND, settings, place, said(DEVICE, PUSH)), Delivered)
        [taken] = fake.notifications
    assert taken.payload["aps"]["alert"] == {"title": "Paid", "body": "Invoice 7"}
    assert taken.payload["data"] == {"screen": "invoice", "type": "mine"}
    assert (taken.payload["url"], taken.payload["type"]) == ("https://app.example.com/push/7", "invoice.paid")
    assert taken.payload["icon"] == "coin"


async def test_browsers_get_the_words_and_values_of_a_template() -> None:
    key, clock = make_vapid_key(), Clock()
    async with WebPushFake(clock=lambda: clock().timestamp()) as service:
        browser = service.subscribe(public_key_of(load_p256_key(key)))
        settings = {"private_key": key, "subject": "mailto:ops@example.com"}
        sent = said(browser.subscription, PUSH)
        assert isinstance(await send(web_push.KIND, settings, workshop(clock), sent), Delivered)
        [shown] = browser.messages
    assert (shown["title"], shown["body"], shown["icon"]) == ("Paid", "Invoice 7", "coin")
    assert shown["url"] == "https://app.example.com/push/7"
    assert shown["data"] == {"screen": "invoice", "type": "mine"}
    assert [action["title"] for action in shown["actions"]] == ["Press me"]


async def sms_of(case: Case, text: str) -> dict[str, str]:
    """What went out."""
    async with case.fake() as fake:
        provider = case.kind.build(
            "texts", case.kind.settings.model_validate(case.settings(fake)), case.workshop(fake)
        )
        outcome = await provider.send(said("+4915112345678", {"text": text}))
        await provider.close()
        assert isinstance(outcome, Delivered)
        (sent,) = fake.messages.values()
        return dict(sent)


EXACT = "Paid: 7 €\n\n  thank you "


async def test_a_gateway_is_given_the_text_to_the_letter() -> None:
    assert (await sms_of(http_sms.CASE, EXACT))["text"] == EXACT


async def test_twilio_is_given_the_text_to_the_letter() -> None:
    assert (await sms_of(twilio.CASE, EXACT))["Body"] == EXACT


async def test_a_text_of_a_template_keeps_the_tenants_number_of_segments() -> None:
    sent = (await sms_of(http_sms.CASE, "word " * 2_000))["text"]
    assert sent.endswith("word...")
    assert measure(sent).segments == SmsLimits().max_segments


async def hooked(payload: str) -> tuple[Outcome, list[Any]]:
    async with HttpFake() as fake:
        place = Workshop(clock=lambda: datetime.now(UTC), egress=Egress(["127.0.0.0/8"]))
        sent = said(f"{fake.url}/hook", {"payload": payload})
        outcome = await send(webhook.KIND, {"signing_secrets": [SECRET]}, place, sent)
        return outcome, [request.json() for request in fake.requests]


async def test_a_webhook_carries_the_payload_of_a_template_as_its_data() -> None:
    outcome, [body] = await hooked('{"invoice": {"number": 7, "to": "Zoë"}, "paid": true}')
    assert isinstance(outcome, Delivered)
    assert body == {
        "type": "invoice.paid",
        "timestamp": "2026-11-21T12:00:00.000Z",
        "data": {"invoice": {"number": 7, "to": "Zoë"}, "paid": True},
    }


@pytest.mark.parametrize(
    "payload", ["", "no json", "[1]", "7", '{"a": NaN}', "[" * 100_000, '{"a":' * 50_000]
)
async def test_a_payload_that_is_no_object_goes_nowhere(payload: str) -> None:
    outcome, requests = await hooked(payload)
    assert isinstance(outcome, Rejected)
    assert (outcome.error_class, requests) == ("content_unreadable", [])


async def chat_text(parts: dict[str, str]) -> str:
    async with HttpFake(Reply(200, body=b"ok")) as fake:
        settings = {"urls": [f"mmost://{fake.host}/abcdefghijklmnopqrstuvwx"]}
        place = Workshop(Clock(), Egress(["127.0.0.0/8"]), link_base_url="https://app.example.com/")
        outcome = await send(apprise.KIND, settings, place, said("unused", parts, channel=Channel.CHAT))
        assert isinstance(outcome, Delivered)
        text: str = fake.requests[0].json()["text"]
        return text


async def test_a_chat_gets_title_text_and_link_of_a_template() -> None:
    text = await chat_text({"title": "Paid", "body": "Invoice 7", "action_url": "/chat/7"})
    for part in ("Paid", "Invoice 7", "https://app.example.com/chat/7"):
        assert part in text
    assert "Inbox" not in text
    assert "Press me" not in text


async def test_a_chat_gets_a_text_alone_where_the_template_has_no_more() -> None:
    assert (await chat_text({"body": "Invoice 7 is paid"})).strip() == "Invoice 7 is paid"


async def test_the_console_prints_the_parts(capsys: pytest.CaptureFixture[str]) -> None:
    place = Workshop(Clock(), Egress(), development=True)
    await send(console.KIND, {}, place, said("+49", {"text": "Paid."}, channel=Channel.SMS))
    printed = capsys.readouterr().out
    assert "text: Paid." in printed
    assert "Inbox" not in printed


async def test_a_file_holds_the_parts_and_the_mail_made_of_them(tmp_path: Path) -> None:
    def read(ending: str) -> str:
        (found,) = tmp_path.rglob(f"*{ending}")
        return found.read_text()

    place = Workshop(Clock(), Egress(), mail_from="a@example.com", output_directory=str(tmp_path))
    parts = {"subject": "Paid", "text": "Invoice 7"}
    await send(file.KIND, {}, place, said("ann@example.com", parts, channel=Channel.EMAIL))
    assert json.loads(read(".json"))["parts"] == parts
    assert "Subject: Paid" in read(".eml")
