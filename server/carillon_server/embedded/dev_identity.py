"""The development mode signs its own tokens, with a key that never leaves the data directory."""

from __future__ import annotations

import hashlib
import json
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from jwt.algorithms import OKPAlgorithm

from carillon_server.embedded.errors import EmbeddedError
from carillon_server.embedded.private_file import private_directory, write_private

ISSUER = "carillon-dev"
AUDIENCE = "carillon"
TENANT = "demo"
LIFETIME = timedelta(days=365)

_SIGNING_KEY = "signing-key.pem"
_SECRET_KEY = "secret-key"  # noqa: S105 - the name of a file
_JWKS = "jwks.json"

# Who the ready-made tokens are for: name, then subject and scopes.
_IDENTITIES = {
    "producer": ("demo-producer", ["notifications.send"]),
    "user-a": ("user-a", ["inbox"]),
    "user-b": ("user-b", ["inbox"]),
    "gateway": ("demo-gateway", ["gateway"]),
    "operator": ("demo-operator", ["admin"]),
}


def ensure_keys(directory: Path) -> None:
    """Make the keys that are missing; those that are there stay, and tokens signed with them stay valid."""
    private_directory(directory)
    if not (directory / _SECRET_KEY).exists():
        write_private(directory / _SECRET_KEY, secrets.token_urlsafe(32))
    if not (directory / _SIGNING_KEY).exists():
        _write_signing_key(directory / _SIGNING_KEY)
    key = {**_public_key(directory), "kid": _key_id(directory), "use": "sig", "alg": "EdDSA"}
    write_private(directory / _JWKS, json.dumps({"keys": [key]}))


def jwks_path(directory: Path) -> Path:
    """The public key as a JWKS document, for those who verify tokens."""
    return directory / _JWKS


def secret_key(directory: Path) -> str:
    """The key for cursors and the like: base64url of 32 random bytes."""
    return (directory / _SECRET_KEY).read_text()


def demo_tokens(directory: Path) -> dict[str, str]:
    """A token for each of the demo tenant's identities, by name."""
    return {
        name: mint(directory, TENANT, subject, scopes, LIFETIME)
        for name, (subject, scopes) in _IDENTITIES.items()
    }


def mint(directory: Path, tenant: str, subject: str, scopes: Sequence[str], lifetime: timedelta) -> str:
    """Sign a token with the keys of `directory`; raises `EmbeddedError` if there are none."""
    if not (directory / _SIGNING_KEY).exists():
        raise EmbeddedError(f"{directory} holds no development keys; `carillon up` makes them")
    now = datetime.now(UTC)
    claims = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": subject,
        "tenant": tenant,
        "scope": " ".join(scopes),
        "iat": now,
        "exp": now + lifetime,
        "jti": secrets.token_urlsafe(12),
    }
    return jwt.encode(claims, _private_key(directory), algorithm="EdDSA", headers={"kid": _key_id(directory)})


def _write_signing_key(path: Path) -> None:
    pem = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    write_private(path, pem.decode("ascii"))


def _private_key(directory: Path) -> Ed25519PrivateKey:
    key = load_pem_private_key((directory / _SIGNING_KEY).read_bytes(), password=None)
    if not isinstance(key, Ed25519PrivateKey):
        raise EmbeddedError(f"{directory / _SIGNING_KEY} is not an Ed25519 key")
    return key


def _public_key(directory: Path) -> dict[str, Any]:
    return OKPAlgorithm.to_jwk(_private_key(directory).public_key(), as_dict=True)


def _key_id(directory: Path) -> str:
    """The key's thumbprint (RFC 7638), so that a key and its name cannot part."""
    public = {name: value for name, value in _public_key(directory).items() if name in {"crv", "kty", "x"}}
    canonical = json.dumps(public, sort_keys=True, separators=(",", ":")).encode()
    return urlsafe_b64encode(hashlib.sha256(canonical).digest()).rstrip(b"=").decode("ascii")
