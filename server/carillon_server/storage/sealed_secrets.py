"""Secrets as they are sealed, for sealing them again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from carillon_server.storage.database import Database

_FETCH = """
SELECT tenant, name, secrets FROM provider
WHERE secrets IS NOT NULL AND (tenant, name) > ($1, $2) ORDER BY tenant, name LIMIT $3
"""

# Whoever put the provider in the meantime has sealed under the present key.
_REPLACE = "UPDATE provider SET secrets = $4 WHERE tenant = $1 AND name = $2 AND secrets = $3 RETURNING name"


@dataclass(frozen=True, slots=True)
class SealedSecrets:
    """Of one provider."""

    tenant: str
    provider: str
    sealed: bytes


async def fetch_sealed(database: Database, after: tuple[str, str], limit: int) -> Sequence[SealedSecrets]:
    """At most `limit`, by tenant and provider, those after `after`."""
    rows = await database.fetch(_FETCH, *after, limit)
    return [SealedSecrets(row["tenant"], row["name"], row["secrets"]) for row in rows]


async def replace_sealed(database: Database, old: SealedSecrets, sealed: bytes) -> bool:
    """False: they were changed in the meantime."""
    return bool(await database.fetch(_REPLACE, old.tenant, old.provider, old.sealed, sealed))
