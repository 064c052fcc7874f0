"""The contents of attachments, each stored once per tenant, by digest.

Nothing counts who refers to a content: each send only moves on the time until which it is kept. That time
lies well behind the last attempt of the last delivery, so contents can be pruned by age alone.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

from carillon_server.storage.database import Connection, Database

# A time that moves on by less than an hour is not worth a new version of the row: many sends in a row bring
# the same file.
_KEEP = """
INSERT INTO attachment AS a (tenant, digest, content, expire_time)
SELECT $1, k.digest, k.content, greatest($4, now()) + $5 * interval '1 second'
FROM unnest($2::bytea[], $3::bytea[]) AS k (digest, content) ORDER BY k.digest
ON CONFLICT (tenant, digest) DO UPDATE SET expire_time = excluded.expire_time
WHERE a.expire_time < excluded.expire_time - interval '1 hour'
"""

_FETCH = "SELECT digest, content FROM attachment WHERE tenant = $1 AND digest = ANY ($2::bytea[])"

# While deliveries wait that were due a day ago, workers have been away, and what they need stays.
PRUNE_ATTACHMENTS = """
DELETE FROM attachment WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM attachment WHERE expire_time < now() ORDER BY expire_time LIMIT $1
    FOR UPDATE SKIP LOCKED
))
AND NOT EXISTS (SELECT 1 FROM delivery WHERE state <= 3 AND next_attempt_time < now() - interval '1 day')
AND NOT EXISTS (SELECT 1 FROM notification WHERE stage = 0 AND deliver_time < now() - interval '1 day')
"""


async def keep_contents(
    connection: Connection,
    tenant: str,
    contents: Mapping[bytes, bytes],
    from_time: datetime | None,
    retention_seconds: float,
) -> None:
    """Stores contents by digest, or keeps those that are there for longer: until the retention has passed
    since `from_time` (None, or past: since now).
    """
    # In one order, so that two sends of the same files wait for each other and not in a circle.
    ordered = sorted(contents)
    await connection.execute(
        _KEEP, tenant, ordered, [contents[digest] for digest in ordered], from_time, retention_seconds
    )


async def fetch_contents(database: Database, tenant: str, digests: Collection[bytes]) -> dict[bytes, bytes]:
    """Those that are there."""
    rows = await database.fetch(_FETCH, tenant, list(digests))
    return {row["digest"]: row["content"] for row in rows}


async def prune_attachments(connection: Connection, limit: int) -> int:
    """Forgets contents whose time is over; returns how many."""
    status = await connection.execute(PRUNE_ATTACHMENTS, limit)
    return int(status.rpartition(" ")[2])
