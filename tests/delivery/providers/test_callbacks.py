"""Callbacks are believed only when they prove whose they are, and read only where they make sense."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import SecretStr
from standardwebhooks import Webhook

from carillon_server.delivery.providers.callbacks import sns
from carillon_server.delivery.providers.callbacks.ses_events import MailCallbackSettings, read_mail_callback
from carillon_server.delivery.providers.callbacks.signed_events import CallbackSettings, read_signed_events
from carillon_server.delivery.providers.http.egress import Egress
from carillon_server.delivery.providers.http.http import HttpLimits
from carillon_server.delivery.providers.provider import CallbackRefusedError, Workshop
from carillon_server.delivery.providers.sms.twilio_callback import read_status, sign
from carillon_server.domain.errors import Unavailable
from carillon_server.domain.provider_event import Callback, EventKind, ProviderEvent
from carillon_server.testing import Fault, HttpFake, Reply, SmsGatewayFake, TwilioFake
from carillon_server.testing.sms_gateway_fake import CALLBACK_SECRET
from tests.delivery.sns_topic import CERTIFICATE_URL, TOPIC_ARN, SnsTopic, post, ses_event

URL = "https://hooks.example.com/twilio?tenant=acme"
WORKSHOP = Workshop(clock=lambda: datetime.now(UTC), egress=Egress())
MESSAGE_ID = "<dlv_abc@example.com>"
TOPIC = SnsTopic()


def twilio(callback: Callback, token: str | None = None) -> Sequence[ProviderEvent]:
    fake = TwilioFake()
    return read_status(fake.account_sid, token or fake.auth_token, callback, datetime.now(UTC))


async def signed(callback: Callback, *secrets: str) -> Sequence[ProviderEvent]:
    given = tuple(SecretStr(secret) for secret in secrets or (CALLBACK_SECRET,))
    return await read_signed_events(CallbackSettings(callback_secrets=given), callback, WORKSHOP)


async def ses(callback: Callback, topic: SnsTopic = TOPIC, **settings: Any) -> Sequence[ProviderEvent]:
    values = {"sns_topic_arn": TOPIC_ARN, "sns_certificate": topic.pem, **settings}
    return await read_mail_callback(MailCallbackSettings(**values), callback, WORKSHOP)


def event(**changes: Any) -> dict[str, Any]:
    now = datetime.now(UTC).isoformat()
    return {"id": "e1", "message_id": "m1", "kind": "delivered", "time": now, **changes}


@pytest.mark.parametrize(
    ("number", "signature"),
    [("+14158675309", "RSOYDt4T1cUTdK1PDd93/VVr8B8="), ("+12349013030", "0/KCTR6DLpKmkAf8muzZqo1nDgQ=")],
)
def test_twilios_own_examples(number: str, signature: str) -> None:
    fields = {
        "CallSid": "CA1234567890ABCDE",
        "Caller": number,
        "Digits": "1234",
        "From": number,
        "To": "+18005551212",
    }
    assert sign("12345", "https://mycompany.com/myapp.php?foo=1&bar=2", fields) == signature


@pytest.mark.parametrize(
    ("status", "code", "kind", "reason"),
    [
        ("delivered", None, EventKind.DELIVERED, ""),
        ("read", None, EventKind.OPENED, ""),
        ("undelivered", 30003, EventKind.FAILED, "twilio_30003"),
        ("undelivered", 30005, EventKind.BOUNCED, "twilio_30005"),
        ("failed", 21610, EventKind.BOUNCED, "twilio_21610"),
        ("failed", None, EventKind.FAILED, "twilio_failed"),
    ],
)
def test_statuses_of_twilio(status: str, code: int | None, kind: EventKind, reason: str) -> None:
    (told,) = twilio(TwilioFake().status_callback("SM1", status, URL, code))
    assert (told.provider_message_id, told.kind, told.reason) == ("SM1", kind, reason)
    assert told.event_id == f"SM1:{status}"


@pytest.mark.parametrize("status", ["queued", "accepted", "sending", "sent", "whatever comes next year"])
def test_statuses_on_the_way_tell_nothing(status: str) -> None:
    assert twilio(TwilioFake().status_callback("SM1", status, URL)) == ()


def test_a_json_callback_of_twilio_is_covered_by_its_digest() -> None:
    callback = TwilioFake().json_status_callback("SM1", "delivered", "https://hooks.example.com/t")
    (told,) = twilio(callback)
    assert told.kind is EventKind.DELIVERED
    with pytest.raises(CallbackRefusedError):
        twilio(replace(callback, body=callback.body.replace(b"SM1", b"SM2")))


def test_the_port_may_be_in_the_url_that_twilio_signed_or_not() -> None:
    fake = TwilioFake()
    with_port = fake.status_callback("SM1", "delivered", "https://hooks.example.com:443/t")
    assert twilio(replace(with_port, url="https://hooks.example.com/t"))
    without = fake.status_callback("SM1", "delivered", "https://hooks.example.com/t")
    assert twilio(replace(without, url="https://hooks.example.com:443/t"))


GOOD_TWILIO = TwilioFake().status_callback("SM1", "delivered", URL)


@pytest.mark.parametrize(
    "callback",
    [
        replace(GOOD_TWILIO, url="https://hooks.example.com/twilio?tenant=globex"),
        replace(GOOD_TWILIO, url="http://[not a url"),
        replace(GOOD_TWILIO, url="https://hooks.example.com:port/"),
        replace(GOOD_TWILIO, url=""),
        replace(GOOD_TWILIO, body=GOOD_TWILIO.body + b"&To=x"),
        replace(GOOD_TWILIO, body=b"\xff\xfe"),
        replace(GOOD_TWILIO, body=b"&a=b" * 500),
        replace(GOOD_TWILIO, headers={}),
        replace(GOOD_TWILIO, headers={"x-twilio-signature": "\ud800"}),
        TwilioFake(auth_token="another").status_callback("SM1", "delivered", URL),
        TwilioFake(account_sid="AC" + "1" * 32).status_callback("SM1", "delivered", URL),
        TwilioFake().status_callback("", "delivered", URL),
        TwilioFake().status_callback("SM1", "", URL),
    ],
)
def test_what_is_not_twilios_is_refused(callback: Callback) -> None:
    with pytest.raises(CallbackRefusedError):
        twilio(callback)


async def test_signed_events_are_read() -> None:
    callback = SmsGatewayFake().callback(URL, [event(), event(id="e2", kind="clicked", detail="x")])
    first, second = await signed(callback)
    assert (first.event_id, first.provider_message_id, first.kind) == ("e1", "m1", EventKind.DELIVERED)
    assert (second.kind, second.detail) == (EventKind.CLICKED, "x")


async def test_either_of_two_secrets_is_good_while_one_takes_the_place_of_the_other() -> None:
    new = "whsec_" + "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
    for secret in (new, CALLBACK_SECRET):
        callback = SmsGatewayFake(callback_secret=secret).callback(URL, [event()])
        assert len(await signed(callback, new, CALLBACK_SECRET)) == 1
        assert len(await signed(callback, secret)) == 1
    with pytest.raises(CallbackRefusedError):
        await signed(callback, new)
    with pytest.raises(CallbackRefusedError):
        await read_signed_events(CallbackSettings(), callback, WORKSHOP)


def stamped(body: bytes, age: timedelta = timedelta(), **headers: str) -> Callback:
    """Signed, whatever it is."""
    time = datetime.now(UTC) - age
    signature = Webhook(CALLBACK_SECRET).sign("evt", time, body.decode("latin-1"))
    values = {
        "webhook-id": "evt",
        "webhook-timestamp": str(int(time.timestamp())),
        "webhook-signature": signature,
    }
    return Callback(URL, {**values, **headers}, body)


ONE = json.dumps({"events": [event()]}).encode()


async def test_a_signature_is_good_for_five_minutes() -> None:
    assert await signed(stamped(ONE, timedelta(minutes=4)))
    for age in (timedelta(minutes=6), timedelta(minutes=-6)):
        with pytest.raises(CallbackRefusedError):
            await signed(stamped(ONE, age))


@pytest.mark.parametrize(
    "headers",
    [
        {"webhook-id": ""},
        {"webhook-id": "another"},
        {"webhook-timestamp": "now"},
        {"webhook-timestamp": "1e400"},
        {"webhook-timestamp": "-1"},
        {"webhook-signature": ""},
        {"webhook-signature": "v1"},
        {"webhook-signature": "v1,not base64"},
        {"webhook-signature": "v1,\ud800"},
        {"webhook-signature": "v1a,AAAA v1,"},
        {"webhook-signature": "v1," + "A" * 100_000},
    ],
)
async def test_signatures_of_every_shape_are_refused(headers: dict[str, str]) -> None:
    with pytest.raises(CallbackRefusedError):
        await signed(stamped(ONE, **headers))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"{",
        b"{}",
        b'{"events": 1}',
        b'{"events": [1]}',
        b"[" * 100_000,
        b'{"events": [' + b'{"id":' * 5_000 + b"1",
        json.dumps({"events": [event(kind="exploded")]}).encode(),
        json.dumps({"events": [event(), event(kind=None)]}).encode(),
        json.dumps({"events": [event(time="yesterday")]}).encode(),
        json.dumps({"events": [event(time="2026-11-21T10:00:00")]}).encode(),
        json.dumps({"events": [event(time="99999-01-01T00:00:00Z")]}).encode(),
        json.dumps({"events": [event(id="")]}).encode(),
        json.dumps({"events": [event(message_id="")]}).encode(),
        json.dumps({"events": [event(id="\ud800")]}).encode(),
        json.dumps({"events": [event()] * 1_001}).encode(),
        b"\xff\xfe\x00",
    ],
)
async def test_signed_nonsense_is_refused(body: bytes) -> None:
    with pytest.raises(CallbackRefusedError):
        await signed(stamped(body))


@pytest.mark.parametrize(
    ("told", "kind", "detail"),
    [
        (ses_event("Delivery", MESSAGE_ID), EventKind.DELIVERED, ""),
        (ses_event("Open", MESSAGE_ID), EventKind.OPENED, ""),
        (ses_event("Click", MESSAGE_ID), EventKind.CLICKED, ""),
        (
            ses_event("Complaint", MESSAGE_ID, complaintFeedbackType="abuse"),
            EventKind.COMPLAINED,
            "abuse",
        ),
        (
            ses_event(
                "Bounce",
                MESSAGE_ID,
                bounceType="Permanent",
                bounceSubType="General",
                bouncedRecipients=[{"emailAddress": "ann@example.com", "status": "5.1.1"}],
            ),
            EventKind.BOUNCED,
            "Permanent General 5.1.1",
        ),
        (
            ses_event("Bounce", MESSAGE_ID, bounceType="Transient", bounceSubType="MailboxFull"),
            EventKind.FAILED,
            "Transient MailboxFull",
        ),
        (ses_event("Reject", MESSAGE_ID, reason="Bad content"), EventKind.FAILED, "Bad content"),
        (ses_event("Rendering Failure", MESSAGE_ID), EventKind.FAILED, ""),
    ],
)
async def test_events_of_ses(told: dict[str, Any], kind: EventKind, detail: str) -> None:
    (read,) = await ses(TOPIC.callback(told))
    assert (read.provider_message_id, read.kind, read.detail) == (MESSAGE_ID, kind, detail)
    assert read.event_time == datetime(2026, 11, 21, 10, 0, 5, tzinfo=UTC)
    assert read.event_id == "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324"


async def test_the_older_notifications_of_ses_are_read_too() -> None:
    told = ses_event("Delivery", MESSAGE_ID)
    told["notificationType"] = told.pop("eventType")
    (read,) = await ses(TOPIC.callback(told, SignatureVersion="1", Subject="Amazon SES"))
    assert read.kind is EventKind.DELIVERED


@pytest.mark.parametrize(
    "told",
    [
        ses_event("Send", MESSAGE_ID),
        ses_event("DeliveryDelay", MESSAGE_ID),
        ses_event("Something New", MESSAGE_ID),
        ses_event("Complaint", MESSAGE_ID, complaintFeedbackType="not-spam"),
        "Successfully validated SNS topic for Amazon SES event publishing.",
    ],
)
async def test_what_ses_tells_besides_tells_nothing(told: dict[str, Any] | str) -> None:
    assert await ses(TOPIC.callback(told)) == ()


@pytest.mark.parametrize("changed", ["Message", "MessageId", "Timestamp", "Signature", "Subject"])
async def test_a_message_of_sns_that_was_changed_is_refused(changed: str) -> None:
    envelope = TOPIC.envelope(json.dumps(ses_event("Delivery", MESSAGE_ID)))
    now = datetime.now(UTC).isoformat()
    with pytest.raises(CallbackRefusedError):
        await ses(post({**envelope, changed: now}))


@pytest.mark.parametrize(
    "changes",
    [
        {"TopicArn": TOPIC_ARN + "-of-others"},
        {"Timestamp": (datetime.now(UTC) - timedelta(hours=2)).isoformat()},
        {"Timestamp": (datetime.now(UTC) + timedelta(hours=2)).isoformat()},
        {"Timestamp": "yesterday"},
        {"SignatureVersion": "3"},
    ],
)
async def test_a_signed_message_of_sns_that_is_not_for_us_or_not_of_now_is_refused(
    changes: dict[str, Any],
) -> None:
    with pytest.raises(CallbackRefusedError):
        await ses(TOPIC.callback(ses_event("Delivery", MESSAGE_ID), **changes))


@pytest.mark.parametrize(
    "url",
    [
        "http://sns.eu-west-1.amazonaws.com/SimpleNotificationService-7ff5.pem",
        "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-7ff5.pem",
        "https://sns.eu-west-1.amazonaws.com.evil.example/SimpleNotificationService-7ff5.pem",
        "https://evil.example/sns.eu-west-1.amazonaws.com/SimpleNotificationService-7ff5.pem",
        "https://sns.eu-west-1.amazonaws.com@evil.example/SimpleNotificationService-7ff5.pem",
        "https://sns.eu-west-1.amazonaws.com/bucket/SimpleNotificationService-7ff5.pem",
        "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-7ff5.pem?x=.pem",
        "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-7ff5.pem\n",
        "file:///etc/passwd",
        "",
    ],
)
async def test_certificates_come_from_the_sns_of_the_topic_alone(url: str) -> None:
    callback = TOPIC.callback(ses_event("Delivery", MESSAGE_ID), SigningCertURL=url)
    with pytest.raises(CallbackRefusedError):
        await ses(callback, sns_certificate="")


async def test_a_certificate_is_fetched_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    async def fetch(url: str, _workshop: Workshop) -> bytes:
        """The name belongs to Amazon: no server of ours can stand there."""
        asked.append(url)
        return TOPIC.pem.encode()

    monkeypatch.setattr(sns, "_fetch", fetch)
    for _ in range(2):
        assert await ses(TOPIC.callback(ses_event("Delivery", MESSAGE_ID)), sns_certificate="")
    assert asked == [CERTIFICATE_URL]


@pytest.mark.parametrize(
    "pem", ["no certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"]
)
async def test_a_certificate_that_cannot_be_read_is_no_proof(pem: str) -> None:
    with pytest.raises(CallbackRefusedError):
        await ses(TOPIC.callback(ses_event("Delivery", MESSAGE_ID)), sns_certificate=pem)


async def test_another_topics_certificate_is_no_proof() -> None:
    with pytest.raises(CallbackRefusedError):
        await ses(TOPIC.callback(ses_event("Delivery", MESSAGE_ID)), topic=SnsTopic())


@pytest.mark.parametrize(
    "message",
    ["", "{}", "[]", "hello", '{"mail": {}}', '{"eventType": "Bounce", "mail": {"timestamp": "x"}}'],
)
async def test_a_message_that_is_no_event_is_refused(message: str) -> None:
    with pytest.raises(CallbackRefusedError):
        await ses(TOPIC.callback(message))


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b"\xff", b"[" * 100_000, b'{"Type": "Notification"}'])
async def test_garbage_in_place_of_sns_is_refused(body: bytes) -> None:
    with pytest.raises(CallbackRefusedError):
        await ses(Callback(URL, {"x-amz-sns-message-type": "Notification"}, body))


async def test_messages_of_sns_need_a_topic_that_is_configured() -> None:
    with pytest.raises(CallbackRefusedError):
        await ses(TOPIC.callback(ses_event("Delivery", MESSAGE_ID)), sns_topic_arn=None)


async def test_a_subscription_is_confirmed_at_the_sns_of_the_topic_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    visited: list[str] = []

    async def fetch(url: str, _workshop: Workshop) -> bytes:
        visited.append(url)
        return b""

    monkeypatch.setattr(sns, "_fetch", fetch)
    good = "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&Token=t"
    for url in (good, "https://evil.example/?Token=t", "https://sns.eu-west-1.amazonaws.com.evil.example/"):
        callback = TOPIC.callback(
            "You have chosen", Type="SubscriptionConfirmation", SubscribeURL=url, Token="t"
        )
        if url == good:
            assert await ses(callback) == ()
        else:
            with pytest.raises(CallbackRefusedError):
                await ses(callback)
    assert visited == [good]


async def test_mail_takes_signed_events_too() -> None:
    callback = SmsGatewayFake().callback(URL, [event(message_id=MESSAGE_ID)])
    (read,) = await ses(callback, callback_secrets=(SecretStr(CALLBACK_SECRET),))
    assert read.provider_message_id == MESSAGE_ID


@pytest.mark.parametrize("step", [Reply(404), Reply(302), Fault.HANG, Fault.RESET])
async def test_sns_out_of_reach_is_no_verdict(step: Reply | Fault) -> None:
    limits = HttpLimits(connect_seconds=1.0, total_seconds=0.5)
    workshop = Workshop(clock=WORKSHOP.clock, egress=Egress(["127.0.0.0/8"]), http_limits=limits)
    async with HttpFake(Reply(200, body=b"pem")) as fake:
        assert await sns._fetch(f"{fake.url}/cert.pem", workshop) == b"pem"
        fake.answer_with(step)
        with pytest.raises(Unavailable):
            await sns._fetch(f"{fake.url}/cert.pem", workshop)
        await fake.wait_for_connections(0)
    with pytest.raises(Unavailable):
        await sns._fetch("http://127.0.0.1/cert.pem", WORKSHOP)
