"""Private keys on the curve P-256, as push services hand them out."""

from __future__ import annotations

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    derive_private_key,
)
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from carillon_server.domain.push_address import decode_base64url

_SCALAR_BYTES = 32


def load_p256_key(text: str) -> EllipticCurvePrivateKey:
    """Reads a PEM without a password, or the bare 32 bytes in base64url, as most VAPID tools write it.

    Raises ValueError, without the key in its text.
    """
    try:
        key = _load_pem(text) if "-----BEGIN" in text else _load_scalar(text.strip())
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise ValueError("is not a private key on the curve P-256") from None
    return key


def _load_pem(text: str) -> EllipticCurvePrivateKey:
    key = load_pem_private_key(text.encode(), password=None)
    if not isinstance(key, EllipticCurvePrivateKey) or not isinstance(key.curve, SECP256R1):
        raise ValueError("another kind of key")
    return key


def _load_scalar(text: str) -> EllipticCurvePrivateKey:
    scalar = decode_base64url(text)
    if len(scalar) != _SCALAR_BYTES:
        raise ValueError("another length")
    return derive_private_key(int.from_bytes(scalar), SECP256R1())
