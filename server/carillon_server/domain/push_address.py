"""Addresses of devices: whose they are, and in which one spelling they are kept.

A browser hands out a *subscription* (the W3C's Push API): a URL at its push service, and two keys with which
only that browser can read what is sent. Both belong to the address; the rest of the JSON does not.
"""

from __future__ import annotations

import binascii
import json
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from typing import Any

from carillon_server.domain.channel import Channel, Platform
from carillon_server.domain.web_address import WebAddress

_APNS_TOKEN = re.compile("[0-9A-Fa-f]{64,200}")
_KEY = re.compile("[A-Za-z0-9_-]+=*")
_MAX_URL_CHARACTERS = 2_048
_AUTH_BYTES = 16
_POINT_BYTES = 65
_UNCOMPRESSED = 4
_COORDINATE_BYTES = 32
# NIST P-256 (SP 800-186): y² = x³ - 3x + b over the field of this prime.
_PRIME = 2**256 - 2**224 + 2**192 + 2**96 - 1
_B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B


class AddressInvalidError(ValueError):
    """The address is none of its platform; the text says what an address has."""


@dataclass(frozen=True, slots=True)
class PushSubscription:
    """Where a browser can be reached."""

    endpoint: str = field(repr=False)
    """A URL; whoever has it may send, so it is kept out of logs. Whether plain http will do, the policy of
    the installation says.
    """
    p256dh: bytes = field(repr=False)
    """The browser's public key: an uncompressed point of P-256, 65 bytes."""
    auth: bytes = field(repr=False)
    """The browser's authentication secret: 16 bytes."""

    @classmethod
    def parse(cls, address: str) -> PushSubscription:
        """Reads a subscription as browsers write it; raises `AddressInvalidError`."""
        document = _load(address)
        endpoint, keys = document.get("endpoint"), document.get("keys")
        if not isinstance(endpoint, str) or not _is_web(endpoint):
            raise AddressInvalidError("has no `endpoint` that is a URL of at most 2,048 ASCII characters")
        if not isinstance(keys, dict):
            raise AddressInvalidError("has no `keys`")
        return cls(endpoint, _read_point(keys.get("p256dh")), _read_auth(keys.get("auth")))

    def __str__(self) -> str:
        """The one spelling: endpoint and keys, in this order."""
        keys = {"p256dh": encode_base64url(self.p256dh), "auth": encode_base64url(self.auth)}
        return json.dumps({"endpoint": self.endpoint, "keys": keys}, separators=(",", ":"))


def tell_platform(address: str) -> Platform:
    """Whose token it is, by its look."""
    if address.lstrip().startswith("{"):
        return Platform.WEB_PUSH
    return Platform.APNS if _APNS_TOKEN.fullmatch(address) else Platform.FCM


def stored_platform(channel: Channel, platform: int, address: str) -> Platform:
    """As stored; versions that knew of no platforms stored 0, so there the look tells."""
    if channel is Channel.PUSH and not platform:
        return tell_platform(address)
    return Platform(platform)


def canonical_address(platform: Platform, address: str) -> str:
    """The one spelling of a token; raises `AddressInvalidError`."""
    match platform:
        case Platform.WEB_PUSH:
            return str(PushSubscription.parse(address))
        case Platform.APNS if not _APNS_TOKEN.fullmatch(address):
            raise AddressInvalidError("is not a device token of 64 to 200 hexadecimal digits")
        case Platform.APNS:
            return address.lower()
        case _:
            return address


def encode_base64url(value: bytes) -> str:
    """Without padding, as RFC 7515 has it."""
    return urlsafe_b64encode(value).rstrip(b"=").decode()


def decode_base64url(text: str) -> bytes:
    """With or without padding; raises ValueError."""
    if not _KEY.fullmatch(text):
        raise ValueError("not base64url")
    bare = text.rstrip("=")
    return urlsafe_b64decode(bare + "=" * (-len(bare) % 4))


def _load(address: str) -> dict[str, Any]:
    try:
        document = json.loads(address)
    except (ValueError, RecursionError):
        raise AddressInvalidError("is not the JSON of a PushSubscription") from None
    if not isinstance(document, dict):
        raise AddressInvalidError("is not the JSON of a PushSubscription")
    return document


def _is_web(url: str) -> bool:
    try:
        WebAddress.parse(url)
    except ValueError:
        return False
    return len(url) <= _MAX_URL_CHARACTERS and url.isascii()


def _read_auth(value: object) -> bytes:
    secret = _decode(value)
    if len(secret) != _AUTH_BYTES:
        raise AddressInvalidError("has no `keys.auth` of 16 bytes in base64url")
    return secret


def _read_point(value: object) -> bytes:
    point = _decode(value)
    if len(point) != _POINT_BYTES or point[0] != _UNCOMPRESSED or not _is_on_curve(point):
        raise AddressInvalidError(
            "has no `keys.p256dh` that is an uncompressed point of P-256, 65 bytes in base64url"
        )
    return point


def _decode(value: object) -> bytes:
    try:
        return decode_base64url(value) if isinstance(value, str) else b""
    except (ValueError, binascii.Error):
        return b""


def _is_on_curve(point: bytes) -> bool:
    x = int.from_bytes(point[1 : 1 + _COORDINATE_BYTES])
    y = int.from_bytes(point[1 + _COORDINATE_BYTES :])
    return max(x, y) < _PRIME and (y * y - (x * x * x - 3 * x + _B)) % _PRIME == 0
