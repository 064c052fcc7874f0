"""API keys: who they are for, and the hash of their secret."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from carillon_server.domain.identity import Role
from carillon_server.storage.database import Connection, Database, Record

_COLUMNS = "key_id, tenant, subject, roles, secret_hash, create_time, expire_time, revoke_time"

_INSERT = f"""
INSERT INTO api_key (key_id, tenant, subject, roles, secret_hash, expire_time)
VALUES ($1, $2, $3, $4, $5, $6) RETURNING {_COLUMNS}
"""
_GET = f"SELECT {_COLUMNS} FROM api_key WHERE key_id = $1"
_LIST = f"SELECT {_COLUMNS} FROM api_key WHERE tenant = $1 ORDER BY create_time, key_id"
_REVOKE = """
UPDATE api_key SET revoke_time = coalesce(revoke_time, now()) WHERE tenant = $1 AND key_id = $2
"""


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key as stored; the secret itself is nowhere."""

    key_id: str
    tenant: str
    subject: str
    roles: frozenset[Role]
    secret_hash: bytes
    create_time: datetime
    expire_time: datetime | None
    revoke_time: datetime | None

    def holds_at(self, now: datetime) -> bool:
        """Whether it is neither revoked nor expired."""
        return self.revoke_time is None and (self.expire_time is None or self.expire_time > now)


async def insert_api_key(
    database: Database,
    *,
    key_id: str,
    tenant: str,
    subject: str,
    roles: frozenset[Role],
    secret_hash: bytes,
    expire_time: datetime | None,
) -> ApiKey:
    """Stores a new key."""

    async def work(connection: Connection) -> Record | None:
        scopes = " ".join(sorted(roles))
        return await connection.fetchrow(_INSERT, key_id, tenant, subject, scopes, secret_hash, expire_time)

    row = await database.transaction(work)
    if row is None:
        raise LookupError("an insert returns its row")
    return _read(row)


async def fetch_api_key(database: Database, key_id: str) -> ApiKey | None:
    """None where there is none."""
    row = await database.fetchrow(_GET, key_id)
    return _read(row) if row else None


async def fetch_api_keys(database: Database, tenant: str) -> list[ApiKey]:
    """Those of a tenant, oldest first, the revoked ones too."""
    return [_read(row) for row in await database.fetch(_LIST, tenant)]


async def revoke_api_key(database: Database, tenant: str, key_id: str) -> bool:
    """False where the tenant has no such key. Revoking twice keeps the first time."""

    async def work(connection: Connection) -> str:
        return await connection.execute(_REVOKE, tenant, key_id)

    return await database.transaction(work) != "UPDATE 0"


def _read(row: Record) -> ApiKey:
    return ApiKey(
        key_id=row["key_id"],
        tenant=row["tenant"],
        subject=row["subject"],
        roles=frozenset(Role(scope) for scope in row["roles"].split()),
        secret_hash=row["secret_hash"],
        create_time=row["create_time"],
        expire_time=row["expire_time"],
        revoke_time=row["revoke_time"],
    )
