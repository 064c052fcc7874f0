"""Encrypts for one browser: RFC 8291, in the one record of RFC 8188."""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from pydantic import AnyHttpUrl
from webpush import WebPush
from webpush.types import WebPushKeys, WebPushSubscription
from webpush.vapid import VAPID

from carillon_server.domain.push_address import PushSubscription, encode_base64url

MAX_PLAIN_BYTES = 3_993
"""Push services take 4,096 bytes (RFC 8030, 7.2), of which header, padding and tag are 103."""
_NOBODY = "nobody"
_NOWHERE = AnyHttpUrl("https://push.invalid/")


class _Unsigned(VAPID):
    """The library signs each message anew, without the port of the origin; `vapid.py` does it instead."""

    def get_authorization_header(self, endpoint: AnyHttpUrl, subscriber: str, expiration: int) -> str:
        return ""


class Envelope:
    """Encrypts messages. Has no state that changes, so threads may share it."""

    def __init__(self, key: EllipticCurvePrivateKey) -> None:
        """Any key: the library wants one, and encrypts with others."""
        private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        self._library = WebPush(private, public, subscriber=_NOBODY)
        self._library.vapid = _Unsigned(private, public)

    def seal(self, plain: bytes, subscription: PushSubscription) -> bytes:
        """What only this browser can read. About half a millisecond of computing."""
        keys = WebPushKeys(
            p256dh=encode_base64url(subscription.p256dh), auth=encode_base64url(subscription.auth)
        )
        return self._library.get(plain, WebPushSubscription(endpoint=_NOWHERE, keys=keys)).encrypted
