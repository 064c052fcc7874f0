"""Addresses of devices: whose they are, and in which one spelling they are kept."""

from __future__ import annotations

import binascii
import json
import re
from base64 import urlsafe_b64decode

from carillon.v1.types_pb2 import (
    PUSH_PLATFORM_APNS,
    PUSH_PLATFORM_FCM,
    PUSH_PLATFORM_WEB_PUSH,
    PushPlatform,
)

_APNS_TOKEN = re.compile(r"[0-9A-Fa-f]{64,200}\Z")
_ENDPOINT = re.compile(r"https://[!-~]{1,2040}\Z")


def tell_platform(address: str) -> PushPlatform.ValueType:
    """By the look of the token."""
    if address.lstrip().startswith("{"):
        return PUSH_PLATFORM_WEB_PUSH
    return PUSH_PLATFORM_APNS if _APNS_TOKEN.match(address) else PUSH_PLATFORM_FCM


def canonical_address(platform: int, address: str) -> str | None:
    """The one spelling; None where it is no token of the platform."""
    platform = platform or tell_platform(address)
    if platform == PUSH_PLATFORM_WEB_PUSH:
        return _canonical_subscription(address)
    if platform == PUSH_PLATFORM_APNS:
        return address.lower() if _APNS_TOKEN.match(address) else None
    return address


def _canonical_subscription(address: str) -> str | None:
    try:
        document = json.loads(address)
        endpoint, keys = document["endpoint"], document["keys"]
        point, secret = (keys[name].rstrip("=") for name in ("p256dh", "auth"))
        lengths = len(_decode(point)), len(_decode(secret))
    except (AttributeError, KeyError, RecursionError, TypeError, ValueError):
        return None
    if lengths != (65, 16) or _decode(point)[0] != 4 or not _ENDPOINT.match(str(endpoint)):
        return None
    return json.dumps(
        {"endpoint": endpoint, "keys": {"p256dh": point, "auth": secret}}, separators=(",", ":")
    )


def _decode(text: str) -> bytes:
    if not re.fullmatch("[A-Za-z0-9_-]+", text):
        raise binascii.Error("not base64url")
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
