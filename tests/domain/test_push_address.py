"""Addresses of devices are told apart, checked and spelled in one way."""

from __future__ import annotations

import json

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from carillon_server.domain.channel import Platform
from carillon_server.domain.push_address import (
    AddressInvalidError,
    PushSubscription,
    canonical_address,
    encode_base64url,
    tell_platform,
)


def make_point() -> bytes:
    key = generate_private_key(SECP256R1()).public_key()
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


POINT = make_point()
URL = "https://push.example/1"


def subscription(endpoint: object = URL, point: object = POINT, auth: object = bytes(16)) -> str:
    keys = {
        name: encode_base64url(value) if isinstance(value, bytes) else value
        for name, value in (("p256dh", point), ("auth", auth))
    }
    return json.dumps({"endpoint": endpoint, "keys": keys})


@pytest.mark.parametrize(
    ("address", "platform"),
    [
        ("{", Platform.WEB_PUSH),
        (subscription(), Platform.WEB_PUSH),
        ("a" * 64, Platform.APNS),
        ("F0" * 100, Platform.APNS),
        ("a" * 63, Platform.FCM),
        ("a" * 201, Platform.FCM),
        ("٣" * 64, Platform.FCM),
        ("cX:APA91b", Platform.FCM),
    ],
)
def test_the_look_of_an_address_tells_its_platform(address: str, platform: Platform) -> None:
    assert tell_platform(address) is platform


def test_every_spelling_of_a_subscription_is_one_address() -> None:
    document = json.loads(subscription())
    padded = {name: f"{value}==" for name, value in document["keys"].items()}
    spellings = [
        json.dumps(document, indent=1),
        json.dumps({"keys": dict(reversed(padded.items())), "expirationTime": 7, "endpoint": URL}),
    ]
    expected = canonical_address(Platform.WEB_PUSH, subscription())
    assert {canonical_address(Platform.WEB_PUSH, each) for each in spellings} == {expected}
    assert canonical_address(Platform.WEB_PUSH, expected) == expected


def test_every_true_point_is_taken_and_its_neighbours_are_not() -> None:
    for _ in range(20):
        point = make_point()
        assert PushSubscription.parse(subscription(point=point)).p256dh == point
        for bad in (point[:-1] + bytes([point[-1] ^ 1]), b"\x02" + point[1:], point[:33], point + b"\x00"):
            with pytest.raises(AddressInvalidError):
                PushSubscription.parse(subscription(point=bad))


@pytest.mark.parametrize(
    "address",
    [
        "[]",
        "null",
        "{" * 4_000,
        '{"endpoint":' + "[" * 4_000,
        '{"endpoint":' + "9" * 5_000 + "}",
        subscription(endpoint="/push"),
        subscription(endpoint=None),
        subscription(endpoint="ftp://push.example/1"),
        subscription(endpoint="https://user@push.example/1"),
        subscription(endpoint="https://push.example/ü"),
        subscription(endpoint="https://push.example/" + "x" * 2_048),
        subscription(auth=bytes(15)),
        subscription(auth=17),
        subscription(auth="+/+/+/+/+/+/+/+/+/+/+A"),
        subscription(point=b"\x04" + b"\xff" * 64),
        subscription(point=b"\x04" + bytes(64)),
        '{"endpoint": "https://a.example", "keys": []}',
    ],
)
def test_what_is_no_subscription_is_refused(address: str) -> None:
    with pytest.raises(AddressInvalidError):
        canonical_address(Platform.WEB_PUSH, address)


@given(st.text(max_size=100), st.sampled_from(Platform))
def test_no_text_is_more_than_refused(address: str, platform: Platform) -> None:
    try:
        once = canonical_address(platform, address)
    except AddressInvalidError:
        return
    assert canonical_address(platform, once) == once
