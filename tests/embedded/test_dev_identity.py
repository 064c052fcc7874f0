"""Development tokens verify with the published key, and with no other."""

from __future__ import annotations

import json
import stat
from base64 import urlsafe_b64decode
from datetime import timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest

from carillon_server.embedded import dev_identity
from carillon_server.embedded.errors import EmbeddedError


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    directory = tmp_path / "identity"
    dev_identity.ensure_keys(directory)
    return directory


def verify(token: str, keys: Path) -> dict[str, Any]:
    jwks = jwt.PyJWKSet.from_dict(json.loads(dev_identity.jwks_path(keys).read_text()))
    key = jwks[jwt.get_unverified_header(token)["kid"]]
    claims: dict[str, Any] = jwt.decode(
        token,
        key,
        algorithms=["EdDSA"],
        issuer=dev_identity.ISSUER,
        audience=dev_identity.AUDIENCE,
        options={"require": ["exp", "iat", "jti"]},
    )
    return claims


@pytest.mark.parametrize(
    ("name", "subject", "scope"),
    [
        ("producer", "demo-producer", "notifications.send"),
        ("user-a", "user-a", "inbox"),
        ("user-b", "user-b", "inbox"),
        ("gateway", "demo-gateway", "gateway"),
        ("operator", "demo-operator", "admin"),
    ],
)
def test_each_demo_identity_has_its_subject_and_scope(
    keys: Path, name: str, subject: str, scope: str
) -> None:
    claims = verify(dev_identity.demo_tokens(keys)[name], keys)
    assert (claims["sub"], claims["scope"], claims["tenant"]) == (subject, scope, "demo")


def test_a_token_ends_after_its_lifetime(keys: Path) -> None:
    token = dev_identity.mint(keys, "demo", "user-a", ["inbox"], timedelta(seconds=-1))
    with pytest.raises(jwt.ExpiredSignatureError):
        verify(token, keys)


def test_keys_stay_so_that_older_tokens_stay_valid(keys: Path) -> None:
    token = dev_identity.demo_tokens(keys)["user-a"]
    secret = dev_identity.secret_key(keys)
    dev_identity.ensure_keys(keys)
    assert verify(token, keys)["sub"] == "user-a"
    assert dev_identity.secret_key(keys) == secret


def test_the_secret_key_is_32_bytes(keys: Path) -> None:
    text = dev_identity.secret_key(keys)
    assert len(urlsafe_b64decode(text + "=" * (-len(text) % 4))) == 32


def test_the_published_key_is_public_and_the_files_are_private(keys: Path) -> None:
    (published,) = json.loads(dev_identity.jwks_path(keys).read_text())["keys"]
    assert "d" not in published
    assert {stat.S_IMODE(path.stat().st_mode) for path in keys.iterdir()} == {0o600}


def test_nothing_is_signed_without_keys(tmp_path: Path) -> None:
    with pytest.raises(EmbeddedError):
        dev_identity.mint(tmp_path, "demo", "user-a", ["inbox"], timedelta(hours=1))
