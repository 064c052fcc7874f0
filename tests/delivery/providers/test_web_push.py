"""Web Push: what browsers can read, who is said to send, and what answers come to."""

from __future__ import annotations

from base64 import urlsafe_b64decode
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, derive_private_key
from pydantic import ValidationError

from carillon_server.delivery.providers.provider import Provider
from carillon_server.delivery.providers.push.ec_key import load_p256_key
from carillon_server.delivery.providers.push.vapid import public_key_of
from carillon_server.delivery.providers.push.web_push import KIND
from carillon_server.delivery.providers.push.web_push_envelope import MAX_PLAIN_BYTES, Envelope
from carillon_server.domain.channel import Priority
from carillon_server.domain.notification import Action, Content
from carillon_server.domain.outcome import Delivered, EndpointGone, Outcome, Rejected, Retry
from carillon_server.domain.push_address import PushSubscription
from carillon_server.testing import Reply, WebPushFake, make_apns_key, make_vapid_key
from carillon_server.testing.web_push_cipher import decrypt
from tests.delivery.providers.push_house import Clock, build, note, workshop

KEY = make_vapid_key()
PUBLIC_KEY = public_key_of(load_p256_key(KEY))
SUBJECT = "mailto:ops@example.com"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def service(clock: Clock) -> AsyncIterator[WebPushFake]:
    async with WebPushFake(clock=lambda: clock().timestamp()) as fake:
        yield fake


@pytest.fixture
async def provider(clock: Clock) -> AsyncIterator[Provider]:
    provider = build(KIND, {"private_key": KEY, "subject": SUBJECT}, workshop(clock))
    yield provider
    await provider.close()


def b64(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def test_the_reader_reads_the_example_of_rfc_8291() -> None:
    """Its appendix A, so that what the provider writes is held against the standard and not against us."""
    private = int.from_bytes(b64("q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94"))
    body = b64(
        "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6Tlz"
        "AC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
    )
    key, auth = derive_private_key(private, SECP256R1()), b64("BTBZMqHH6r4Tts7J_aSIgg")
    assert decrypt(body, key, auth) == b"When I grow up, I want to be a watermelon"


async def test_only_the_browser_can_read_what_is_sent(service: WebPushFake, provider: Provider) -> None:
    browser, other = service.subscribe(PUBLIC_KEY), service.subscribe(PUBLIC_KEY)
    action = Action("open", "Open", "/open")
    content = Content("Bezahlt ✓", "Danke!", "/invoices/7", "bell", "https://a.example/7.png", (action,))
    sent = note(browser.subscription, content=content)
    assert await provider.send(sent) == Delivered(f"{service.url}/message/1")
    [message] = browser.messages
    assert message == {
        "title": "Bezahlt ✓",
        "body": "Danke!",
        "url": "https://app.example.com/invoices/7",
        "tag": str(sent.notification_id),
        "notification_id": str(sent.notification_id),
        "delivery_id": str(sent.delivery_id),
        "type": "invoice.paid",
        "locale": "en",
        "timestamp": int(sent.create_time.timestamp() * 1000),
        "icon": "bell",
        "image": "https://a.example/7.png",
        "actions": [{"action": "open", "title": "Open", "url": "https://app.example.com/open"}],
    }
    raw = browser.requests[0].body
    assert b"Danke" not in raw
    with pytest.raises(ValueError, match="somebody else"):
        decrypt(raw, other.key, other.auth)


async def test_the_sender_is_named_to_the_origin_for_less_than_a_day(
    service: WebPushFake, provider: Provider, clock: Clock
) -> None:
    browser = service.subscribe(PUBLIC_KEY)
    await provider.send(note(browser.subscription))
    [claims] = browser.claims
    assert (claims["aud"], claims["sub"]) == (service.url, SUBJECT)
    assert 0 < claims["exp"] - clock().timestamp() <= 24 * 3600


async def test_one_token_serves_for_hours_and_never_after_its_end(
    service: WebPushFake, provider: Provider, clock: Clock
) -> None:
    browser = service.subscribe(PUBLIC_KEY)
    for hours in (0, 5, 2, 30):
        clock.advance(hours=hours)
        assert isinstance(await provider.send(note(browser.subscription)), Delivered)
    first, second, third, fourth = [request.headers["authorization"] for request in browser.requests]
    assert first == second
    assert len({second, third, fourth}) == 3


async def test_each_origin_gets_its_own_token(service: WebPushFake, provider: Provider, clock: Clock) -> None:
    async with WebPushFake(clock=lambda: clock().timestamp()) as other:
        for place in (service, other):
            browser = place.subscribe(PUBLIC_KEY)
            assert isinstance(await provider.send(note(browser.subscription)), Delivered)
            assert browser.claims[0]["aud"] == place.url


async def test_headers_say_how_long_how_urgent_and_what_it_replaces(
    service: WebPushFake, provider: Provider, clock: Clock
) -> None:
    browser = service.subscribe(PUBLIC_KEY)
    until = clock() + timedelta(minutes=5)
    await provider.send(note(browser.subscription))
    await provider.send(
        note(browser.subscription, expire_time=until, priority=Priority.LOW, collapse_key="ü" * 200)
    )
    plain, full = (request.headers for request in browser.requests)
    assert (plain["ttl"], plain["urgency"]) == (str(28 * 24 * 3600), "normal")
    assert "topic" not in plain
    assert (full["ttl"], full["urgency"], len(full["topic"])) == ("300", "low", 32)
    assert browser.messages[1]["tag"] == "ü" * 200


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (Reply(404), (EndpointGone, "web_push_gone")),
        (Reply(410), (EndpointGone, "web_push_gone")),
        (Reply(400), (Rejected, "http_400")),
        (Reply(401), (Retry, "credentials_refused")),
        (Reply(403), (Retry, "credentials_refused")),
        (Reply(503, {"retry-after": "5"}), (Retry, "http_503")),
    ],
)
async def test_each_answer_means_one_thing(
    service: WebPushFake, provider: Provider, answer: Reply, expected: tuple[type[Outcome], str]
) -> None:
    service.answer_with(answer)
    outcome = await provider.send(note(service.subscribe(PUBLIC_KEY).subscription))
    assert (type(outcome), getattr(outcome, "error_class", "")) == expected


async def test_a_browser_that_unsubscribed_is_gone(service: WebPushFake, provider: Provider) -> None:
    browser = service.subscribe(PUBLIC_KEY)
    service.unsubscribe(browser)
    assert isinstance(await provider.send(note(browser.subscription)), EndpointGone)


async def test_a_subscription_of_another_sender_is_somebodys_to_mend(
    service: WebPushFake, provider: Provider
) -> None:
    browser = service.subscribe(public_key_of(load_p256_key(make_vapid_key())))
    outcome = await provider.send(note(browser.subscription))
    assert (type(outcome), outcome.error_class) == (Retry, "credentials_refused")


async def test_an_answer_without_a_location_has_our_id(service: WebPushFake, provider: Provider) -> None:
    service.answer_with(Reply(202))
    sent = note(service.subscribe(PUBLIC_KEY).subscription)
    assert await provider.send(sent) == Delivered(str(sent.delivery_id))


@pytest.mark.parametrize("body", ["ü" * 10_000, "👩‍👩‍👧" * 2_000, '"\\\n' * 3_333])
async def test_a_long_text_is_shortened_to_the_size_that_is_taken(
    service: WebPushFake, provider: Provider, body: str
) -> None:
    browser = service.subscribe(PUBLIC_KEY)
    assert isinstance(await provider.send(note(browser.subscription, body)), Delivered)
    assert body.startswith(browser.messages[0]["body"].removesuffix("…"))
    assert 4_096 - 20 <= len(browser.requests[0].body) <= 4_096


async def test_pictures_and_buttons_go_before_the_message_does(
    service: WebPushFake, provider: Provider
) -> None:
    browser = service.subscribe(PUBLIC_KEY)
    picture = "https://a.example/" + "x" * 2_000
    content = Content("Paid", "Thank you.", "", picture, picture)
    assert isinstance(await provider.send(note(browser.subscription, content=content)), Delivered)
    assert browser.messages[0]["body"] == "Thank you."
    assert "image" not in browser.messages[0]


async def test_a_service_that_takes_less_gets_less_once(clock: Clock, provider: Provider) -> None:
    async with WebPushFake(max_body_bytes=2_000, clock=lambda: clock().timestamp()) as small:
        browser = small.subscribe(PUBLIC_KEY)
        assert isinstance(await provider.send(note(browser.subscription, "ü" * 10_000)), Delivered)
        small.answer_with(Reply(413), Reply(413))
        outcome = await provider.send(note(browser.subscription, "ü" * 10_000))
        assert (type(outcome), outcome.error_class) == (Rejected, "too_large")
        assert len(small.requests) == 4


def test_the_largest_message_is_as_large_as_services_take() -> None:
    subscription = PushSubscription("https://a.example", b64(PUBLIC_KEY), bytes(16))
    assert len(Envelope(load_p256_key(KEY)).seal(bytes(MAX_PLAIN_BYTES), subscription)) == 4_096


async def test_a_subscription_that_leads_into_a_private_network_is_rejected(provider: Provider) -> None:
    address = str(PushSubscription("https://10.0.0.1/push", b64(PUBLIC_KEY), bytes(16)))
    outcome = await provider.send(note(address))
    assert (type(outcome), outcome.error_class) == (Rejected, "address_forbidden")


@pytest.mark.parametrize("address", ["", "{}", "token", '{"endpoint": "https://a.example", "keys": {}}'])
async def test_what_is_no_subscription_is_rejected(provider: Provider, address: str) -> None:
    outcome = await provider.send(note(address))
    assert (type(outcome), outcome.error_class) == (Rejected, "address_invalid")


@pytest.mark.parametrize(
    "key", [make_apns_key(), make_vapid_key(), make_vapid_key() + "="], ids=["pem", "bare", "padded"]
)
def test_a_key_may_be_a_pem_or_bare(key: str) -> None:
    settings: Any = KIND.settings.model_validate({"private_key": key, "subject": "https://example.com"})
    token = jwt.encode({}, load_p256_key(settings.private_key.get_secret_value()), algorithm="ES256")
    assert token


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"private_key": "SECRET"}, "private_key"),
        ({"private_key": "x" * 40}, "private_key"),
        ({"private_key": "A" * 43}, "private_key"),
        ({"subject": "ops@example.com"}, "subject"),
        ({"subject": "http://example.com"}, "subject"),
        ({"subject": "mailto:a@b\r\nc"}, "subject"),
    ],
)
def test_settings_that_make_no_sense_are_refused_by_name(changes: dict[str, str], field: str) -> None:
    with pytest.raises(ValidationError) as caught:
        KIND.settings.model_validate({"private_key": KEY, "subject": SUBJECT, **changes})
    assert [error["loc"] for error in caught.value.errors()] == [(field,)]
    assert "SECRET" not in str(caught.value)
