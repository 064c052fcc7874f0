"""APNs: tokens, headers, connections and what its answers come to."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
from pydantic import ValidationError

from carillon_server.delivery.providers.provider import Provider
from carillon_server.delivery.providers.push.apns import KIND
from carillon_server.domain.channel import Priority
from carillon_server.domain.outcome import Delivered, EndpointGone, Outcome, Rejected, Retry, Throttled
from carillon_server.testing import ApnsFake, Certificate, Fault, Reply, Step, make_apns_key
from tests.delivery.providers.push_house import DEVICE, Clock, build, note, workshop

KEY = make_apns_key()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def apns(tmp_path: Path, clock: Clock) -> AsyncIterator[ApnsFake]:
    async with ApnsFake(Certificate.make(tmp_path), KEY, clock=clock) as fake:
        yield fake


@pytest.fixture
async def provider(apns: ApnsFake, clock: Clock) -> AsyncIterator[Provider]:
    provider = make(apns, clock)
    yield provider
    await provider.close()


def make(apns: ApnsFake, clock: Clock, total_seconds: float = 5.0, **changes: Any) -> Provider:
    place = workshop(clock, ca_file=str(apns.certificate.certificate_file), total_seconds=total_seconds)
    return build(KIND, {**apns.settings(), "private_key": KEY, **changes}, place)


async def answered(apns: ApnsFake, provider: Provider, step: Step) -> Outcome:
    apns.answer_with(step)
    return await provider.send(note(DEVICE))


def authorizations(apns: ApnsFake) -> list[str]:
    return [request.headers["authorization"] for request in apns.requests]


async def test_a_notification_carries_what_the_app_needs(
    apns: ApnsFake, provider: Provider, clock: Clock
) -> None:
    sent = note(
        DEVICE.upper(),
        priority=Priority.URGENT,
        expire_time=clock() + timedelta(hours=1),
        thread_key="invoices",
    )
    outcome = await provider.send(sent)
    [taken] = apns.notifications
    assert outcome == Delivered(taken.headers["apns-id"])
    assert taken.device == DEVICE
    assert taken.headers["apns-topic"] == "com.example.app"
    assert taken.headers["apns-expiration"] == str(int(clock().timestamp()) + 3600)
    assert taken.headers["apns-priority"] == "10"
    assert taken.payload == {
        "aps": {
            "alert": {"title": "Invoice 7 is paid", "body": "Thank you."},
            "sound": "default",
            "thread-id": "invoices",
            "interruption-level": "time-sensitive",
            "mutable-content": 1,
        },
        "notification_id": str(sent.notification_id),
        "delivery_id": str(sent.delivery_id),
        "type": "invoice.paid",
        "url": "https://app.example.com/invoices/7",
        "image_url": "https://app.example.com/7.png",
    }


async def test_a_repetition_has_the_same_ids(apns: ApnsFake, clock: Clock) -> None:
    for _ in range(2):
        provider = make(apns, clock)
        await provider.send(note(DEVICE))
        await provider.close()
    first, second = apns.notifications
    assert first.headers["apns-id"] == second.headers["apns-id"]
    assert first.headers["apns-collapse-id"] == second.headers["apns-collapse-id"]


@pytest.mark.parametrize(
    ("key", "expected"), [("k" * 64, "k" * 64), ("k" * 65, None), ("ü", None), ("a\nb", None), (" a", None)]
)
async def test_a_collapse_key_that_apns_does_not_take_is_hashed(
    apns: ApnsFake, provider: Provider, key: str, expected: str | None
) -> None:
    for _ in range(2):
        assert isinstance(await provider.send(note(DEVICE, collapse_key=key)), Delivered)
    first, second = (taken.headers["apns-collapse-id"] for taken in apns.notifications)
    assert first == second
    assert first == expected if expected else len(first) == 43


async def test_a_background_push_wakes_and_shows_nothing(apns: ApnsFake, clock: Clock) -> None:
    provider = make(apns, clock, push_type="background")
    await provider.send(note(DEVICE, priority=Priority.URGENT))
    await provider.close()
    [taken] = apns.notifications
    assert (taken.headers["apns-push-type"], taken.headers["apns-priority"]) == ("background", "5")
    assert taken.payload["aps"] == {"content-available": 1}


async def test_what_has_expired_is_tried_now_or_never(
    apns: ApnsFake, provider: Provider, clock: Clock
) -> None:
    await provider.send(note(DEVICE, expire_time=clock()))
    assert apns.notifications[0].headers["apns-expiration"] == "0"


async def test_a_token_is_kept_for_fifty_minutes(apns: ApnsFake, provider: Provider, clock: Clock) -> None:
    for minutes in (0, 25, 24, 2):
        clock.advance(minutes=minutes)
        assert isinstance(await provider.send(note(DEVICE)), Delivered)
    first, second, third, fourth = authorizations(apns)
    assert first == second == third != fourth
    token = first.removeprefix("bearer ")
    assert jwt.get_unverified_header(token) == {"alg": "ES256", "kid": "ABC123DEFG", "typ": "JWT"}


async def test_a_token_that_expired_is_renewed_once_for_all(
    apns: ApnsFake, provider: Provider, clock: Clock
) -> None:
    await provider.send(note(DEVICE))
    clock.advance(seconds=1)
    apns.answer_with(*[apns.refusal(403, "ExpiredProviderToken")] * 3)
    outcomes = await asyncio.gather(*(provider.send(note(DEVICE)) for _ in range(3)))
    assert all(isinstance(outcome, Delivered) for outcome in outcomes)
    assert len(set(authorizations(apns))) == 2


async def test_a_clock_that_apns_does_not_share_is_somebodys_to_mend(
    apns: ApnsFake, provider: Provider
) -> None:
    apns.answer_with(*[apns.refusal(403, "ExpiredProviderToken")] * 2)
    outcome = await provider.send(note(DEVICE))
    assert isinstance(outcome, Retry)
    assert outcome.error_class == "credentials_refused"
    assert len(apns.requests) == 2


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        (ApnsFake.refusal(400, "BadDeviceToken"), (EndpointGone, "apns_bad_device_token")),
        (ApnsFake.refusal(410, "Unregistered"), (EndpointGone, "apns_unregistered")),
        (ApnsFake.refusal(410, "ExpiredToken"), (EndpointGone, "apns_expired_token")),
        (Reply(410), (EndpointGone, "apns_unregistered")),
        (ApnsFake.refusal(400, "DeviceTokenNotForTopic"), (Rejected, "apns_device_token_not_for_topic")),
        (ApnsFake.refusal(400, "BadTopic"), (Retry, "apns_bad_topic")),
        (ApnsFake.refusal(400, "TopicDisallowed"), (Retry, "apns_topic_disallowed")),
        (ApnsFake.refusal(400, "PayloadEmpty"), (Rejected, "apns_payload_empty")),
        (ApnsFake.refusal(403, "InvalidProviderToken"), (Retry, "credentials_refused")),
        (ApnsFake.refusal(413, "PayloadTooLarge"), (Rejected, "too_large")),
        (ApnsFake.refusal(429, "TooManyRequests"), (Retry, "apns_too_many_requests")),
        (
            ApnsFake.refusal(429, "TooManyProviderTokenUpdates"),
            (Throttled, "apns_too_many_provider_token_updates"),
        ),
        (ApnsFake.refusal(500, "InternalServerError"), (Retry, "apns_internal_server_error")),
        (ApnsFake.refusal(503, "Shutdown"), (Retry, "apns_shutdown")),
        (Reply(200), (Retry, "protocol")),
        (Reply(400, {}, b"garbage"), (Rejected, "http_400")),
        (Fault.GARBAGE, (Retry, "protocol")),
        (Fault.RESET, (Retry, "disconnected")),
    ],
)
async def test_each_answer_means_one_thing(
    apns: ApnsFake, provider: Provider, step: Step, expected: tuple[type[Outcome], str]
) -> None:
    outcome = await answered(apns, provider, step)
    assert (type(outcome), getattr(outcome, "error_class", "")) == expected


async def test_a_dead_device_is_dead_since_apns_knows(apns: ApnsFake, provider: Provider) -> None:
    died = datetime(2026, 11, 1, 12, 0, 0, 123_000, tzinfo=UTC)
    apns.dead_devices[DEVICE] = died
    outcome = await provider.send(note(DEVICE))
    assert isinstance(outcome, EndpointGone)
    assert outcome.as_of == died


@pytest.mark.parametrize("timestamp", ["soon", 10**30, None, True])
async def test_a_time_that_makes_no_sense_is_none(
    apns: ApnsFake, provider: Provider, timestamp: object
) -> None:
    outcome = await answered(apns, provider, apns.refusal(410, "Unregistered", timestamp=timestamp))
    assert isinstance(outcome, EndpointGone)
    assert outcome.as_of is None


async def test_all_share_one_connection(apns: ApnsFake, provider: Provider) -> None:
    await asyncio.gather(*(provider.send(note(DEVICE)) for _ in range(50)))
    assert len(apns.notifications) == 50
    assert apns.connections_made == 1


async def test_a_connection_that_apns_ends_is_replaced(apns: ApnsFake, provider: Provider) -> None:
    await provider.send(note(DEVICE))
    await apns.go_away()
    assert isinstance(await provider.send(note(DEVICE)), Delivered)
    assert len(apns.notifications) == 2
    assert apns.connections_made == 2


async def test_what_was_under_way_when_apns_ended_the_connection_is_tried_again(
    apns: ApnsFake, provider: Provider
) -> None:
    apns.answer_with(Fault.HANG)
    sending = asyncio.create_task(provider.send(note(DEVICE)))
    await apns.wait_for(1)
    await apns.go_away()
    outcome = await sending
    assert isinstance(outcome, Retry)
    assert outcome.error_class == "disconnected"


async def test_a_connection_on_which_nothing_comes_is_replaced(apns: ApnsFake, clock: Clock) -> None:
    provider = make(apns, clock, total_seconds=0.5)
    await provider.send(note(DEVICE))
    outcome = await answered(apns, provider, Fault.HANG)
    assert isinstance(outcome, Retry)
    assert outcome.error_class == "timeout"
    assert isinstance(await provider.send(note(DEVICE)), Delivered)
    assert apns.connections_made == 2
    await provider.close()


@pytest.mark.parametrize("body", ["ü" * 10_000, "👩‍👩‍👧" * 2_000, '"\\\n' * 3_333])
async def test_a_long_text_is_shortened_to_the_size_that_is_taken(
    apns: ApnsFake, provider: Provider, body: str
) -> None:
    assert isinstance(await provider.send(note(DEVICE, body)), Delivered)
    shown = apns.notifications[0].payload["aps"]["alert"]["body"]
    assert body.startswith(shown.removesuffix("…"))
    sent = apns.requests[0].body
    assert json.loads(sent)["aps"]["alert"]["body"] == shown
    assert 4_096 - 20 <= len(sent) <= 4_096


async def test_what_is_no_token_is_rejected_without_asking(apns: ApnsFake, provider: Provider) -> None:
    outcome = await provider.send(note("../../secret"))
    assert isinstance(outcome, Rejected)
    assert outcome.error_class == "address_invalid"
    assert apns.requests == []


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"private_key": "-----BEGIN PRIVATE KEY-----\nSECRET\n-----END PRIVATE KEY-----"}, "private_key"),
        ({"private_key": ""}, "private_key"),
        ({"key_id": "A B"}, "key_id"),
        ({"topic": "a\r\nb"}, "topic"),
        ({"environment": "moon"}, "environment"),
        ({"api_url": "ftp://example.com"}, "api_url"),
        ({"api_url": "https://example.com/?a=b"}, "api_url"),
    ],
)
def test_settings_that_make_no_sense_are_refused_by_name(changes: dict[str, str], field: str) -> None:
    good = {"key_id": "ABC", "team_id": "T", "topic": "com.example", "private_key": KEY}
    KIND.settings.model_validate(good)
    with pytest.raises(ValidationError) as caught:
        KIND.settings.model_validate({**good, **changes})
    assert [error["loc"] for error in caught.value.errors()] == [(field,)]
    assert "SECRET" not in str(caught.value)
