"""Throw-away credentials, as vendors hand them out. They are good for fakes alone.

settings = {"private_key": make_vapid_key(), "subject": "mailto:ops@example.com"}  # of `web_push`
"""

from __future__ import annotations

import json
from functools import cache

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from carillon_server.domain.push_address import encode_base64url

_RSA_BITS = 2048
_P256_BYTES = 32


def make_apns_key() -> str:
    """The text of a .p8 file."""
    return _pem(ec.generate_private_key(ec.SECP256R1()))


def make_vapid_key() -> str:
    """A private key in base64url."""
    key = ec.generate_private_key(ec.SECP256R1())
    return encode_base64url(key.private_numbers().private_value.to_bytes(_P256_BYTES))


def make_service_account(token_url: str, project_id: str = "carillon-fake") -> str:
    """The JSON key of a Google service account. One key serves a whole process: making one takes long."""
    return json.dumps(
        {
            "type": "service_account",
            "project_id": project_id,
            "private_key_id": "fake",
            "private_key": _pem(service_account_key()),
            "client_email": f"push@{project_id}.iam.gserviceaccount.com",
            "token_uri": token_url,
        }
    )


@cache
def service_account_key() -> rsa.RSAPrivateKey:
    """That of `make_service_account`."""
    return rsa.generate_private_key(public_exponent=65_537, key_size=_RSA_BITS)


def _pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
