"""What the demo's providers and their far side share, made once and kept in the data directory."""

from __future__ import annotations

import json
import secrets
from base64 import b64encode, urlsafe_b64decode, urlsafe_b64encode
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Self

from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    derive_private_key,
    generate_private_key,
)
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from carillon_server.embedded.private_file import private_directory, write_private

_FILE = "keys.json"
_SECRET_BYTES = 32
_AUTH_BYTES = 16


@dataclass(frozen=True, slots=True)
class FarSideKeys:
    """Secrets that are worth nothing outside of this machine."""

    webhook_secret: str = field(repr=False)
    """Signs webhooks: `whsec_…`."""
    twilio_account: str
    twilio_token: str = field(repr=False)
    vapid_key: str = field(repr=False)
    """The sender's private key, base64url."""
    browser_key: str = field(repr=False)
    """The subscriber's private key, base64url."""
    browser_auth: str = field(repr=False)
    """The subscriber's secret, base64url."""

    @classmethod
    def ensure(cls, directory: Path) -> Self:
        """Those of the directory, made where there are none yet."""
        private_directory(directory)
        path = directory / _FILE
        if not path.exists():
            write_private(path, json.dumps(asdict(cls._make())))
        return cls(**json.loads(path.read_text()))

    @classmethod
    def _make(cls) -> Self:
        return cls(
            webhook_secret="whsec_" + b64encode(secrets.token_bytes(_SECRET_BYTES)).decode(),
            twilio_account="AC" + secrets.token_hex(16),
            twilio_token=secrets.token_hex(16),
            vapid_key=_private_text(generate_private_key(SECP256R1())),
            browser_key=_private_text(generate_private_key(SECP256R1())),
            browser_auth=_base64url(secrets.token_bytes(_AUTH_BYTES)),
        )

    def subscription(self, endpoint: str) -> str:
        """What the browser's page would hand to its server."""
        keys = {"p256dh": public_text(self.browser_key), "auth": self.browser_auth}
        return json.dumps({"endpoint": endpoint, "keys": keys})


def private_key(text: str) -> EllipticCurvePrivateKey:
    """Out of base64url of its 32 bytes."""
    return derive_private_key(int.from_bytes(_bytes(text)), SECP256R1())


def public_text(text: str) -> str:
    """The public half of a private key, base64url of the uncompressed point."""
    point = private_key(text).public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return _base64url(point)


def raw_auth(text: str) -> bytes:
    """The subscriber's secret as bytes."""
    return _bytes(text)


def _private_text(key: EllipticCurvePrivateKey) -> str:
    return _base64url(key.private_numbers().private_value.to_bytes(_SECRET_BYTES))


def _base64url(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
