"""Which tokens are believed, and which only look like it."""

from __future__ import annotations

import hmac
import json
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from carillon_server.app import utc_now
from carillon_server.domain.identity import Principal, Role
from carillon_server.services.key_set import StaticKeys, parse_keys
from carillon_server.services.tokens import InvalidTokenError, TokenVerifier

ISSUER, AUDIENCE = "https://issuer.example", "carillon"
ED, EC, RSA = (
    ed25519.Ed25519PrivateKey.generate(),
    ec.generate_private_key(ec.SECP256R1()),
    rsa.generate_private_key(65537, 2048),
)
WEAK_RSA = rsa.generate_private_key(65537, 1024)
STRANGER = ed25519.Ed25519PrivateKey.generate()
SYMMETRIC = "0" * 64


def _jwk(algorithm: Any, key: Any, kid: str, **more: str) -> dict[str, Any]:
    return {**algorithm.to_jwk(key.public_key(), as_dict=True), "kid": kid, **more}


DOCUMENT = json.dumps(
    {
        "keys": [
            _jwk(OKPAlgorithm, ED, "ed", use="sig", alg="EdDSA"),
            _jwk(ECAlgorithm, EC, "ec"),
            _jwk(RSAAlgorithm, RSA, "rsa"),
            _jwk(RSAAlgorithm, WEAK_RSA, "weak"),
            _jwk(OKPAlgorithm, STRANGER, "for-encryption", use="enc"),
            {"kty": "oct", "kid": "oct", "alg": "HS256", "k": urlsafe_b64encode(SYMMETRIC.encode()).decode()},
            {"kty": "OKP", "crv": "Ed25519", "kid": "broken", "x": "!"},
            "not even a key",
        ]
    }
).encode()


@pytest.fixture
def verifier(tmp_path: Path) -> TokenVerifier:
    path = tmp_path / "jwks.json"
    path.write_bytes(DOCUMENT)
    return TokenVerifier(StaticKeys(path), utc_now, issuer=ISSUER, audience=AUDIENCE)


def claims(**changes: Any) -> dict[str, Any]:
    now = int(time.time())
    base = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "ada",
        "tenant": "acme",
        "scope": "inbox",
        "exp": now + 600,
    }
    return {name: value for name, value in {**base, **changes}.items() if value is not None}


def sign(
    key: Any = ED, algorithm: str = "EdDSA", kid: str | None = "ed", header: Any = None, **changes: Any
) -> str:
    headers = {**({"kid": kid} if kid is not None else {}), **(header or {})}
    return jwt.encode(claims(**changes), key, algorithm=algorithm, headers=headers)


@pytest.mark.parametrize(
    ("key", "algorithm", "kid"),
    [(ED, "EdDSA", "ed"), (EC, "ES256", "ec"), (RSA, "RS256", "rsa"), (ED, "EdDSA", None)],
    ids=["EdDSA", "ES256", "RS256", "without a key id"],
)
async def test_the_three_algorithms_are_taken(
    verifier: TokenVerifier, key: Any, algorithm: str, kid: str | None
) -> None:
    principal = await verifier.verify(sign(key, algorithm, kid, jti="42"))
    assert (principal.tenant, principal.subject, principal.roles) == ("acme", "ada", frozenset({Role.USER}))
    assert principal.credential_id == "jwt:42"


SPOILS: dict[str, dict[str, Any]] = {
    "issuer with a slash": {"iss": f"{ISSUER}/"},
    "no issuer": {"iss": None},
    "other audience": {"aud": "carillon2"},
    "no audience": {"aud": None},
    "no end": {"exp": None},
    "just ended": {"exp": int(time.time()) - 1},
    "an end in words": {"exp": "soon"},
    "not yet begun": {"nbf": int(time.time()) + 86_400},
    "no subject": {"sub": None},
    "empty subject": {"sub": ""},
    "subject of two lines": {"sub": "a\nb"},
    "long subject": {"sub": "x" * 201},
    "no tenant": {"tenant": None},
    "empty tenant": {"tenant": ""},
    "several tenants": {"tenant": ["acme"]},
    "long tenant": {"tenant": "x" * 101},
}


@pytest.mark.parametrize("spoil", SPOILS)
async def test_a_claim_that_is_missing_or_wrong_spoils_the_token(verifier: TokenVerifier, spoil: str) -> None:
    with pytest.raises(InvalidTokenError):
        await verifier.verify(sign(**SPOILS[spoil]))


def _unsigned() -> str:
    return jwt.encode(claims(), None, algorithm="none")  # type: ignore[arg-type]  # that is the attack


def _signed_with_the_public_key() -> str:
    """The library refuses to make it, so by hand."""
    public = RSA.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    parts = ({"alg": "HS256", "kid": "rsa"}, claims())
    body = ".".join(_base64(json.dumps(part).encode()) for part in parts)
    return f"{body}.{_base64(hmac.digest(public, body.encode(), 'sha256'))}"


def _with_critical_extension() -> str:
    """Also one that PyJWT would take: nothing here needs any."""
    parts = ({"alg": "EdDSA", "kid": "ed", "b64": True, "crit": ["b64"]}, claims())
    body = ".".join(_base64(json.dumps(part).encode()) for part in parts)
    return f"{body}.{_base64(ED.sign(body.encode()))}"


def _base64(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


FORGERIES: dict[str, Callable[[], str]] = {
    "not signed": _unsigned,
    "the public key as a secret": _signed_with_the_public_key,
    "a symmetric key of the document": lambda: sign(SYMMETRIC, "HS256", "oct"),
    "a stranger's key under our name": lambda: sign(STRANGER),
    "a key for encryption": lambda: sign(STRANGER, kid="for-encryption"),
    "an unknown key": lambda: sign(STRANGER, kid="unknown"),
    "a key at an address of its own": lambda: sign(
        STRANGER, kid=None, header={"jku": "https://evil.example"}
    ),
    "a key of its own": lambda: sign(STRANGER, kid=None, header={"jwk": _jwk(OKPAlgorithm, STRANGER, "x")}),
    "a short RSA key": lambda: sign(WEAK_RSA, "RS256", "weak"),
    "an algorithm that is not taken": lambda: sign(RSA, "RS512", "rsa"),
    "a key of another kind": lambda: sign(EC, "ES256", "rsa"),
    "critical extensions": lambda: sign(header={"crit": ["exp"]}),
    "a critical extension that the library knows": _with_critical_extension,
    "a huge key id": lambda: sign(header={"kid": "x" * 300}),
    "another signature": lambda: sign()[:-8] + "AAAAAAAA",
    "a bomb of brackets": lambda: _base64(b'{"alg":' + b"[" * 5_000) + ".e30.e30",
    "nothing": lambda: "",
    "dots": lambda: "..",
    "no token at all": lambda: "a.b.c",
    "not ASCII": lambda: "ü.ü.ü",
    "too long": lambda: "x" * 9_000,
}


@pytest.mark.filterwarnings("ignore:The RSA key is 1024 bits")  # signing with it is the attack
@pytest.mark.parametrize("forgery", FORGERIES)
async def test_what_was_not_signed_for_us_is_refused(verifier: TokenVerifier, forgery: str) -> None:
    with pytest.raises(InvalidTokenError):
        await verifier.verify(FORGERIES[forgery]())


async def test_headers_that_name_keys_elsewhere_are_ignored(verifier: TokenVerifier) -> None:
    header = {"jku": "https://evil.example/jwks", "x5u": "https://evil.example"}
    assert await verifier.verify(sign(header=header))


async def test_a_clock_that_is_a_little_ahead_is_forgiven(verifier: TokenVerifier) -> None:
    assert await verifier.verify(sign(nbf=int(time.time()) + 20, iat=int(time.time()) + 20))


@pytest.mark.parametrize(
    ("scopes", "roles"),
    [
        ({"scope": "inbox gateway openid"}, {Role.USER, Role.GATEWAY}),
        ({"scope": ["admin", 7, {}]}, {Role.OPERATOR}),
        ({"scope": None, "scp": ["notifications.send"]}, {Role.PRODUCER}),
        ({"scope": None}, set()),
        ({"scope": 7}, set()),
        ({"scope": "ADMIN admins"}, set()),
    ],
)
async def test_roles_come_from_scopes(
    verifier: TokenVerifier, scopes: dict[str, Any], roles: set[Role]
) -> None:
    assert (await verifier.verify(sign(**scopes))).roles == roles


async def test_a_token_that_never_ends_ends_with_the_calendar(verifier: TokenVerifier) -> None:
    principal: Principal = await verifier.verify(sign(exp=10**15))
    assert principal.expire_time is not None
    assert principal.expire_time.year == 9999


@pytest.mark.parametrize("document", [b"", b"[]", b"{}", b'{"keys": 7}', b"[" * 9_000, b"\xff"])
def test_what_is_no_key_set_is_refused(document: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - of several kinds
        parse_keys(document)
