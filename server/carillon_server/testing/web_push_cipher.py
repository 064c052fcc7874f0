"""Reads messages of Web Push as a browser does: RFC 8291, written after the RFC alone."""

from __future__ import annotations

import hmac

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDH,
    SECP256R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
)
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

_SALT_BYTES = 16
_SIZE_BYTES = 4
_HEADER_BYTES = _SALT_BYTES + _SIZE_BYTES + 1
_KEY_BYTES, _NONCE_BYTES = 16, 12
_LAST_RECORD = 2


def decrypt(body: bytes, key: EllipticCurvePrivateKey, auth: bytes) -> bytes:
    """The plain text; raises ValueError for what no browser could read."""
    salt = body[:_SALT_BYTES]
    record_bytes = int.from_bytes(body[_SALT_BYTES : _SALT_BYTES + _SIZE_BYTES])
    sender_end = _HEADER_BYTES + body[_HEADER_BYTES - 1]
    sender, record = body[_HEADER_BYTES:sender_end], body[sender_end:]
    if len(record) > record_bytes:
        raise ValueError("more than one record, which RFC 8291 forbids")
    secret = key.exchange(ECDH(), EllipticCurvePublicKey.from_encoded_point(SECP256R1(), sender))
    content_key, nonce = _derive(secret, auth, salt, public_point(key), sender)
    try:
        padded = AESGCM(content_key).decrypt(nonce, record, None)
    except InvalidTag:
        raise ValueError("encrypted for somebody else") from None
    plain = padded.rstrip(b"\x00")
    if not plain or plain[-1] != _LAST_RECORD:
        raise ValueError("the padding is malformed")
    return plain[:-1]


def public_point(key: EllipticCurvePrivateKey) -> bytes:
    """65 bytes."""
    return key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def _derive(secret: bytes, auth: bytes, salt: bytes, receiver: bytes, sender: bytes) -> tuple[bytes, bytes]:
    """RFC 8291, 3.4: HKDF twice, each time with one block of output."""
    shared = _hmac(_hmac(auth, secret), b"WebPush: info\x00" + receiver + sender + b"\x01")
    extracted = _hmac(salt, shared)
    content_key = _hmac(extracted, b"Content-Encoding: aes128gcm\x00\x01")[:_KEY_BYTES]
    return content_key, _hmac(extracted, b"Content-Encoding: nonce\x00\x01")[:_NONCE_BYTES]


def _hmac(key: bytes, value: bytes) -> bytes:
    return hmac.digest(key, value, "sha256")
