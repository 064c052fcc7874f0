"""Verifies JWTs.

Of a token's header only the algorithm and the key id are believed, and both merely choose among keys that
were configured: `jku`, `x5u`, `jwk` and `x5c` are ignored, `crit` is refused. Tenant, subject and scopes come
from the verified claims and from nowhere else.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import jwt

from carillon_server.domain.identity import Principal, Role
from carillon_server.services.key_set import ALGORITHMS, KeySource
from carillon_server.services.ports import Clock

MAX_TOKEN_CHARACTERS = 8_192
MAX_TENANT_CHARACTERS = 100
MAX_SUBJECT_CHARACTERS = 200
_LEEWAY_SECONDS = 30
"""For clocks that differ, at the beginning of a token's life; its end is taken as it is."""
_MAX_KEY_ID_CHARACTERS = 200
_REQUIRED_CLAIMS = ["exp", "iss", "aud", "sub"]
_SCOPES = {role.value: role for role in Role}


class InvalidTokenError(Exception):
    """The token is not one that we trust. The text says why, without quoting it."""


class TokenVerifier:
    """Verifies tokens of one issuer for one audience."""

    def __init__(
        self, keys: KeySource, clock: Clock, *, issuer: str, audience: str, tenant_claim: str = "tenant"
    ) -> None:
        self._keys = keys
        self._clock = clock
        self._issuer = issuer
        self._audience = audience
        self._tenant_claim = tenant_claim

    async def verify(self, token: str) -> Principal:
        """Raises `InvalidTokenError`; `Unavailable` when the issuer's keys cannot be had."""
        if len(token) > MAX_TOKEN_CHARACTERS:
            raise InvalidTokenError("the token is too long")
        header = _read_header(token)
        algorithm = header.get("alg")
        if algorithm not in ALGORITHMS or "crit" in header:
            raise InvalidTokenError("the token is not signed in a way that is taken")
        key = await self._keys.find(_key_id(header), algorithm)
        if key is None:
            raise InvalidTokenError("the token's key is not known")
        return self._principal(self._claims(token, key.key, algorithm))

    def _claims(self, token: str, key: Any, algorithm: str) -> Mapping[str, Any]:
        try:
            return jwt.decode(
                token,
                key,
                algorithms=[algorithm],
                issuer=self._issuer,
                audience=self._audience,
                leeway=_LEEWAY_SECONDS,
                options={"require": _REQUIRED_CLAIMS},
            )
        except jwt.ExpiredSignatureError as error:
            raise InvalidTokenError("the token has expired") from error
        except (jwt.PyJWTError, ValueError, TypeError, OverflowError, RecursionError) as error:
            raise InvalidTokenError("the token does not verify") from error

    def _principal(self, claims: Mapping[str, Any]) -> Principal:
        expire_time = _expire_time(claims["exp"])
        if expire_time <= self._clock():
            raise InvalidTokenError("the token has expired")
        return Principal(
            tenant=_name(claims, self._tenant_claim, MAX_TENANT_CHARACTERS),
            subject=_name(claims, "sub", MAX_SUBJECT_CHARACTERS),
            roles=_roles(claims.get("scope", claims.get("scp", ""))),
            expire_time=expire_time,
            credential_id=f"jwt:{str(claims.get('jti', ''))[:100]}",
        )


def _read_header(token: str) -> Mapping[str, Any]:
    try:
        return jwt.get_unverified_header(token)
    except (jwt.PyJWTError, ValueError, TypeError, RecursionError) as error:
        raise InvalidTokenError("the credentials are neither a token nor an API key") from error


def _key_id(header: Mapping[str, Any]) -> str:
    key_id = header.get("kid", "")
    if not isinstance(key_id, str) or len(key_id) > _MAX_KEY_ID_CHARACTERS:
        raise InvalidTokenError("the token's key is not known")
    return key_id


def _expire_time(exp: Any) -> datetime:
    try:
        return datetime.fromtimestamp(int(exp), UTC)
    except (ValueError, OverflowError, OSError):
        # Further away than a datetime reaches, which is as good as never.
        return datetime.max.replace(tzinfo=UTC)


def _name(claims: Mapping[str, Any], claim: str, max_characters: int) -> str:
    value = claims.get(claim)
    if not isinstance(value, str) or not 1 <= len(value) <= max_characters or not value.isprintable():
        raise InvalidTokenError(f"the token's claim `{claim}` is missing or not usable")
    return value


def _roles(scopes: object) -> frozenset[Role]:
    """Scopes that are not ours are passed over: tokens may serve several services."""
    names = scopes.split() if isinstance(scopes, str) else scopes if isinstance(scopes, list) else ()
    return frozenset(_SCOPES[name] for name in names if isinstance(name, str) and name in _SCOPES)
