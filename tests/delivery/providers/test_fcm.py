"""FCM: tokens, messages and what its answers come to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from pydantic import ValidationError

from carillon_server.delivery.providers.provider import Provider
from carillon_server.delivery.providers.push.fcm import KIND
from carillon_server.domain.channel import Priority
from carillon_server.domain.outcome import Delivered, EndpointGone, Outcome, Rejected, Retry, Throttled
from carillon_server.testing import FcmFake, Reply, Step
from tests.delivery.providers.push_house import Clock, build, note, workshop


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def fcm() -> AsyncIterator[FcmFake]:
    async with FcmFake() as fake:
        yield fake


@pytest.fixture
async def provider(fcm: FcmFake, clock: Clock) -> AsyncIterator[Provider]:
    settings = {
        "service_account": fcm.service_account(),
        "api_url": fcm.url,
        "android_channel_id": "alerts",
    }
    provider = build(KIND, settings, workshop(clock))
    yield provider
    await provider.close()


async def answered(fcm: FcmFake, provider: Provider, step: Step) -> Outcome:
    """With the token fetched before."""
    await provider.send(note("phone"))
    fcm.answer_with(step)
    return await provider.send(note("phone"))


async def test_a_message_carries_what_the_app_needs(fcm: FcmFake, provider: Provider, clock: Clock) -> None:
    sent = note(
        "phone",
        priority=Priority.HIGH,
        expire_time=clock() + timedelta(hours=1),
        collapse_key="invoice-7",
        thread_key="invoices",
    )
    assert await provider.send(sent) == Delivered("projects/carillon-fake/messages/0:1")
    [message] = fcm.messages
    assert message["token"] == "phone"
    assert message["notification"] == {
        "title": "Invoice 7 is paid",
        "body": "Thank you.",
        "image": "https://app.example.com/7.png",
    }
    assert message["data"] == {
        "notification_id": str(sent.notification_id),
        "delivery_id": str(sent.delivery_id),
        "type": "invoice.paid",
        "url": "https://app.example.com/invoices/7",
        "thread_key": "invoices",
    }
    assert message["android"] == {
        "priority": "HIGH",
        "ttl": "3600s",
        "collapse_key": "invoice-7",
        "notification": {"tag": "invoice-7", "channel_id": "alerts"},
    }
    assert message["apns"]["headers"]["apns-collapse-id"] == "invoice-7"
    assert message["webpush"]["headers"] == {"TTL": "3600", "Urgency": "high"}


async def test_a_repetition_replaces_what_is_shown(fcm: FcmFake, provider: Provider) -> None:
    for _ in range(2):
        await provider.send(note("phone"))
    first, second = fcm.messages
    assert first == second
    assert first["android"]["notification"]["tag"] == str(note("phone").notification_id)
    assert "collapse_key" not in first["android"]


async def test_many_messages_share_one_exchange_of_tokens(fcm: FcmFake, provider: Provider) -> None:
    outcomes = await asyncio.gather(*(provider.send(note(f"phone-{number}")) for number in range(10)))
    assert all(isinstance(outcome, Delivered) for outcome in outcomes)
    assert fcm.tokens_given == 1


async def test_a_token_is_replaced_before_its_end(fcm: FcmFake, provider: Provider, clock: Clock) -> None:
    await provider.send(note("phone"))
    clock.advance(seconds=fcm.token_seconds - 310)
    await provider.send(note("phone"))
    assert fcm.tokens_given == 1
    clock.advance(seconds=20)
    await provider.send(note("phone"))
    assert fcm.tokens_given == 2


async def test_while_no_new_token_can_be_had_the_old_one_serves_to_its_end(
    fcm: FcmFake, provider: Provider, clock: Clock
) -> None:
    await provider.send(note("phone"))
    clock.advance(seconds=fcm.token_seconds - 10)
    fcm.answer_with(Reply(503))
    assert isinstance(await provider.send(note("phone")), Delivered)
    clock.advance(seconds=20)
    fcm.answer_with(Reply(503))
    assert isinstance(await provider.send(note("phone")), Retry)


async def test_a_token_that_is_refused_is_replaced_once(fcm: FcmFake, provider: Provider) -> None:
    await provider.send(note("phone"))
    fcm.revoke_tokens()
    outcomes = await asyncio.gather(*(provider.send(note("phone")) for _ in range(5)))
    assert all(isinstance(outcome, Delivered) for outcome in outcomes)
    assert fcm.tokens_given == 2


async def test_credentials_that_are_not_taken_are_somebodys_to_mend(clock: Clock, fcm: FcmFake) -> None:
    other = FcmFake("another-project")
    async with other:
        settings = {"service_account": other.service_account(), "api_url": fcm.url}
        provider = build(KIND, settings, workshop(clock))
        assert await provider.send(note("phone")) == Retry("http_404", "no such project")
        fcm.answer_with(Reply(401), Reply(401))
        assert (await provider.send(note("phone"))).error_class == "credentials_refused"
        await provider.close()


@pytest.mark.parametrize("answer", [Reply.of_json({"error": "invalid_grant"}, 400), Reply(401)])
async def test_a_key_that_gets_no_token_is_somebodys_to_mend(
    fcm: FcmFake, provider: Provider, answer: Reply
) -> None:
    fcm.answer_with(answer)
    outcome = await provider.send(note("phone"))
    assert isinstance(outcome, Retry)
    assert outcome.error_class == "credentials_refused"


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        (FcmFake.error("UNREGISTERED", 404), (EndpointGone, "fcm_unregistered")),
        (
            FcmFake.error("INVALID_ARGUMENT", 400, field="message.token"),
            (EndpointGone, "fcm_invalid_argument"),
        ),
        (FcmFake.error("INVALID_ARGUMENT", 400, field="message.data"), (Rejected, "fcm_invalid_argument")),
        (FcmFake.error("INVALID_ARGUMENT", 400), (Rejected, "fcm_invalid_argument")),
        (FcmFake.error("SENDER_ID_MISMATCH", 403), (Rejected, "fcm_sender_id_mismatch")),
        (FcmFake.error("INTERNAL", 500), (Retry, "fcm_internal")),
        (FcmFake.error("THIRD_PARTY_AUTH_ERROR", 401), (Retry, "credentials_refused")),
        (FcmFake.error("", 403), (Retry, "credentials_refused")),
        (FcmFake.error("SOMETHING_NEW", 500), (Retry, "http_500")),
        (Reply.of_json({"error": [1, {"details": 3}]}, 500), (Retry, "http_500")),
        (Reply(200, {}, b"garbage"), (Retry, "protocol")),
    ],
)
async def test_each_answer_means_one_thing(
    fcm: FcmFake, provider: Provider, step: Step, expected: tuple[type[Outcome], str]
) -> None:
    outcome = await answered(fcm, provider, step)
    assert (type(outcome), getattr(outcome, "error_class", "")) == expected


async def test_waits_are_those_that_fcm_asks_for(fcm: FcmFake, provider: Provider) -> None:
    after = {"retry-after": "7"}
    quota = await answered(fcm, provider, FcmFake.error("QUOTA_EXCEEDED", 429))
    asked = await answered(fcm, provider, FcmFake.error("QUOTA_EXCEEDED", 429, headers=after))
    away = await answered(fcm, provider, FcmFake.error("UNAVAILABLE", 503, headers=after))
    assert isinstance(quota, Throttled)
    assert isinstance(asked, Throttled)
    assert isinstance(away, Retry)
    assert (quota.after_seconds, asked.after_seconds, away.after_seconds) == (60, 7, 7)


async def test_a_device_that_is_gone_is_gone(fcm: FcmFake, provider: Provider) -> None:
    fcm.dead_tokens.add("phone")
    assert isinstance(await provider.send(note("phone")), EndpointGone)


@pytest.mark.parametrize("body", ["ü" * 10_000, "🎉" * 10_000, '"\\\n' * 3_333, "x" * 10_000])
async def test_a_long_text_is_shortened_to_the_size_that_is_taken(
    fcm: FcmFake, provider: Provider, body: str
) -> None:
    assert isinstance(await provider.send(note("phone", body)), Delivered)
    shown = fcm.messages[0]["notification"]["body"]
    assert shown.endswith("…")
    assert body.startswith(shown.removesuffix("…"))
    assert len(shown.encode()) > 1_500


async def test_what_cannot_be_shortened_is_rejected(fcm: FcmFake, provider: Provider) -> None:
    """The fake would refuse it too."""
    outcome = await provider.send(note("phone", type="t" * 5_000))
    assert isinstance(outcome, Rejected)
    assert outcome.error_class == "too_large"
    assert fcm.requests == []


@pytest.mark.parametrize("key", ["", "{}", "[1]", "no json", '{"project_id": "x"}'])
def test_a_key_that_is_none_is_refused_when_it_is_configured(key: str) -> None:
    with pytest.raises(ValidationError) as caught:
        KIND.settings.model_validate({"service_account": key})
    assert [error["loc"] for error in caught.value.errors()] == [("service_account",)]


def test_a_damaged_key_is_not_told() -> None:
    with pytest.raises(ValidationError) as caught:
        KIND.settings.model_validate({"service_account": '{"private_key": "-----SECRET", "project_id": "x"}'})
    assert "SECRET" not in str(caught.value)
