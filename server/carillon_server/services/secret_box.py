"""Secrets at rest: sealed with AES-256-GCM under a key of the tenant's own, derived from the service's.

The first secret key seals, all of them open, so that keys can be rotated: `is_stale` tells what is to be
sealed again before an old key is dropped.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_VERSION = b"\x01"
_NONCE_BYTES = 12
_INFO = b"carillon-secret-box:"


class SecretLostError(Exception):
    """None of the keys opens it: it was sealed under one that is gone, or for somebody else."""


class SecretBox:
    """Seals for one tenant and purpose at a time; what is sealed for one opens for no other."""

    def __init__(self, secret_keys: Sequence[bytes]) -> None:
        self._keys = list(secret_keys)

    def seal(self, tenant: str, purpose: str, plain: bytes) -> bytes:
        """Version, nonce, ciphertext."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return _VERSION + nonce + _cipher(self._keys[0], tenant).encrypt(nonce, plain, purpose.encode())

    def open(self, tenant: str, purpose: str, sealed: bytes) -> bytes:
        """Raises `SecretLostError`."""
        for key in self._keys:
            plain = _open(key, tenant, purpose, sealed)
            if plain is not None:
                return plain
        raise SecretLostError(f"the secrets of {purpose} cannot be opened")

    def is_stale(self, tenant: str, purpose: str, sealed: bytes) -> bool:
        """Not sealed under the first key."""
        return _open(self._keys[0], tenant, purpose, sealed) is None


def provider_purpose(name: str) -> str:
    """Of the secrets of a tenant's provider, a JSON object."""
    return f"provider:{name}"


def _open(key: bytes, tenant: str, purpose: str, sealed: bytes) -> bytes | None:
    if not sealed.startswith(_VERSION):
        return None
    nonce, body = sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
    try:
        return _cipher(key, tenant).decrypt(nonce, body, purpose.encode())
    except (InvalidTag, ValueError):
        return None


def _cipher(key: bytes, tenant: str) -> AESGCM:
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=_INFO + tenant.encode()).derive(key)
    return AESGCM(derived)
