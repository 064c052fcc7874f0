"""Who calls: turns credentials into a principal, and tells whether a principal still holds.

A verified token is remembered under its digest for up to 60 s and never past its end, so that a busy caller
costs one signature a minute. Without an issuer and without keys nobody gets in.
"""

from __future__ import annotations

from hashlib import blake2b
from pathlib import Path

from carillon_server.config import Settings
from carillon_server.domain.errors import Reason, Refusal
from carillon_server.domain.identity import Principal
from carillon_server.services.api_keys import PREFIX, ApiKeys, is_api_key
from carillon_server.services.expiring_cache import ExpiringCache
from carillon_server.services.key_set import KeySource, RemoteKeys, StaticKeys, fetch_document, is_safe_url
from carillon_server.services.ports import Clock
from carillon_server.services.tokens import InvalidTokenError, TokenVerifier

_MAX_CACHED = 50_000
_TOKEN_SECONDS = 60.0
_DATABASE_TROUBLE = frozenset({Reason.UNAVAILABLE, Reason.DEADLINE_EXCEEDED})


class Identity:
    """Verifies API keys and, where there is an issuer, tokens."""

    def __init__(self, tokens: TokenVerifier | None, keys: ApiKeys, clock: Clock) -> None:
        self._tokens = tokens
        self._keys = keys
        self._clock = clock
        self._verified: ExpiringCache[bytes, Principal] = ExpiringCache(_MAX_CACHED)

    async def authenticate(self, credentials: str) -> Principal:
        """Raises CREDENTIALS_INVALID; UNAVAILABLE when what verifies them cannot be reached."""
        if credentials.startswith(PREFIX):
            return await self._verify_key(credentials)
        digest = blake2b(credentials.encode(), digest_size=16).digest()
        principal = self._verified.get(digest)
        if principal is None:
            principal = await self._verify_token(credentials)
            self._verified.put(digest, principal, self._cache_seconds(principal))
        return principal

    async def recheck(self, principal: Principal) -> bool:
        """Whether the credentials behind a live stream still hold.

        While the database is away they are taken to: streams outlive its absence.
        """
        if principal.expire_time is not None and principal.expire_time <= self._clock():
            return False
        if not is_api_key(principal):
            return True
        try:
            return await self._keys.holds(principal)
        except Refusal as refusal:
            if refusal.reason in _DATABASE_TROUBLE:
                return True
            raise

    async def _verify_key(self, credentials: str) -> Principal:
        principal = await self._keys.verify(credentials)
        if principal is None:
            raise _refusal("the API key is unknown, revoked or expired")
        return principal

    async def _verify_token(self, credentials: str) -> Principal:
        if self._tokens is None:
            raise _refusal("tokens are not taken here: no issuer is configured")
        try:
            return await self._tokens.verify(credentials)
        except InvalidTokenError as error:
            raise _refusal(str(error)) from error

    def _cache_seconds(self, principal: Principal) -> float:
        if principal.expire_time is None:
            return _TOKEN_SECONDS
        return min(_TOKEN_SECONDS, (principal.expire_time - self._clock()).total_seconds())


def build_token_verifier(settings: Settings, clock: Clock) -> TokenVerifier | None:
    """None where no issuer is configured. Raises ValueError and OSError for keys that cannot be used."""
    if not settings.jwt_issuer:
        return None
    return TokenVerifier(
        _key_source(settings),
        clock,
        issuer=settings.jwt_issuer,
        audience=settings.jwt_audience,
        tenant_claim=settings.jwt_tenant_claim,
    )


def _key_source(settings: Settings) -> KeySource:
    if settings.jwt_static_keys:
        return StaticKeys(Path(settings.jwt_static_keys))
    url = settings.jwt_jwks_url
    if not is_safe_url(url):
        raise ValueError("jwt_jwks_url must be an https URL")
    return RemoteKeys(lambda: fetch_document(url))


def _refusal(message: str) -> Refusal:
    return Refusal(Reason.CREDENTIALS_INVALID, message)
