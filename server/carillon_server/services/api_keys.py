"""API keys: `crn_<key id>_<secret>`, for services that have no identity provider.

The secret is 256 random bits, so a plain SHA-256 of it cannot be searched, and nothing slower is needed.
"""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Callable
from datetime import datetime
from hashlib import sha256
from hmac import compare_digest

from carillon_server.domain.identity import Principal, Role
from carillon_server.services.expiring_cache import ExpiringCache
from carillon_server.services.ports import Clock
from carillon_server.storage.api_keys import (
    ApiKey,
    fetch_api_key,
    fetch_api_keys,
    insert_api_key,
    revoke_api_key,
)
from carillon_server.storage.database import Database

PREFIX = "crn_"
MAX_AGE_SECONDS = 5.0
"""How long a revoked key may still be taken: what was looked up is believed this long."""

_FORMAT = re.compile(r"crn_([a-z0-9]{12})_([A-Za-z0-9_-]{43})")
_ID_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"
_ID_LENGTH = 12
_SECRET_BYTES = 32
_MAX_CACHED = 10_000
_CREDENTIAL_PREFIX = "key:"


class ApiKeys:
    """Makes, lists, revokes and verifies keys."""

    def __init__(
        self, database: Database, clock: Clock, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._database = database
        self._clock = clock
        self._known: ExpiringCache[str, ApiKey] = ExpiringCache(_MAX_CACHED, monotonic)

    async def create(
        self, tenant: str, subject: str, roles: frozenset[Role], expire_time: datetime | None = None
    ) -> tuple[str, ApiKey]:
        """The text of the key, which is shown once and never again, and what is stored of it."""
        key_id = "".join(secrets.choice(_ID_LETTERS) for _ in range(_ID_LENGTH))
        secret = secrets.token_urlsafe(_SECRET_BYTES)
        stored = await insert_api_key(
            self._database,
            key_id=key_id,
            tenant=tenant,
            subject=subject,
            roles=roles,
            secret_hash=_hash(secret),
            expire_time=expire_time,
        )
        return f"{PREFIX}{key_id}_{secret}", stored

    async def list(self, tenant: str) -> list[ApiKey]:
        """Those of a tenant, oldest first, the revoked ones too."""
        return await fetch_api_keys(self._database, tenant)

    async def revoke(self, tenant: str, key_id: str) -> bool:
        """False where the tenant has no such key. Other processes follow within `MAX_AGE_SECONDS`."""
        revoked = await revoke_api_key(self._database, tenant, key_id)
        self._known.drop(key_id)
        return revoked

    async def verify(self, text: str) -> Principal | None:
        """Who holds the key; None where it is unknown, wrong, revoked or expired."""
        match = _FORMAT.fullmatch(text)
        if match is None:
            return None
        key_id, secret = match.groups()
        key = await self._look_up(key_id)
        if key is None or not compare_digest(_hash(secret), key.secret_hash):
            return None
        if not key.holds_at(self._clock()):
            return None
        return Principal(key.tenant, key.subject, key.roles, key.expire_time, _CREDENTIAL_PREFIX + key_id)

    async def holds(self, principal: Principal) -> bool:
        """Whether the key behind a principal is still neither revoked nor expired."""
        key = await self._look_up(principal.credential_id.removeprefix(_CREDENTIAL_PREFIX))
        return key is not None and key.holds_at(self._clock())

    async def _look_up(self, key_id: str) -> ApiKey | None:
        key = self._known.get(key_id)
        if key is None:
            key = await fetch_api_key(self._database, key_id)
            if key is not None:
                self._known.put(key_id, key, MAX_AGE_SECONDS)
        return key


def is_api_key(principal: Principal) -> bool:
    """Whether the principal came with a key and not with a token."""
    return principal.credential_id.startswith(_CREDENTIAL_PREFIX)


def _hash(secret: str) -> bytes:
    return sha256(secret.encode("ascii")).digest()
