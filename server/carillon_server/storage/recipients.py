"""What is known of recipients."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence

from carillon_server.domain.inbox import InboxAddress
from carillon_server.domain.recipient import Recipient, RecipientPatch
from carillon_server.storage.database import Connection, Database, Record, column

COLUMNS = "recipient_id, locale, time_zone, attributes, create_time, update_time"
"""What `read_recipient` reads."""

_GET = f"SELECT {COLUMNS} FROM recipient WHERE inbox_id = $1"

_LIST = f"""
SELECT {COLUMNS} FROM recipient WHERE tenant = $1 AND recipient_id COLLATE "C" > $2
ORDER BY recipient_id COLLATE "C" LIMIT $3
"""

_PATCH = """
UPDATE recipient r SET locale = coalesce(p.locale, r.locale), time_zone = coalesce(p.time_zone, r.time_zone),
    attributes = coalesce(p.attributes, r.attributes), update_time = now()
FROM unnest($1::bytea[], $2::text[], $3::text[], $4::jsonb[])
    AS p (inbox_id, locale, time_zone, attributes)
WHERE r.inbox_id = p.inbox_id
RETURNING r.inbox_id, r.recipient_id, r.locale, r.time_zone, r.attributes, r.create_time, r.update_time
"""

_LOCK_ALL = "SELECT inbox_id FROM inbox WHERE inbox_id = ANY ($1::bytea[]) ORDER BY inbox_id FOR UPDATE"


async def fetch_recipient(
    database: Database, address: InboxAddress, *, timeout: float | None
) -> Recipient | None:
    """None where there is none."""
    row = await database.fetchrow(_GET, address.inbox_id, timeout=timeout)
    return read_recipient(row) if row else None


async def fetch_recipients(
    database: Database, tenant: str, after: str, limit: int, *, timeout: float | None
) -> list[Recipient]:
    """Those of a tenant whose id comes after `after`, by id."""
    return [read_recipient(row) for row in await database.fetch(_LIST, tenant, after, limit, timeout=timeout)]


async def patch_recipients(
    connection: Connection, patches: Sequence[tuple[bytes, RecipientPatch]]
) -> dict[bytes, Recipient]:
    """Changes what the patches name of recipients that exist, one patch each; as they are now, by inbox."""
    rows = [(inbox_id, patch.locale, patch.time_zone, _dump_attributes(patch)) for inbox_id, patch in patches]
    found = await connection.fetch(_PATCH, *(column(rows, index) for index in range(4)))
    return {row["inbox_id"]: read_recipient(row) for row in found}


async def lock_recipient(connection: Connection, inbox_id: bytes) -> bool:
    """Holds the inbox row until the transaction ends; False where there is none."""
    return await lock_recipients(connection, [inbox_id])


async def lock_recipients(connection: Connection, inbox_ids: Collection[bytes]) -> bool:
    """Holds the inbox rows until the transaction ends, taken in key order; False where one is missing."""
    return len(await connection.fetch(_LOCK_ALL, list(inbox_ids))) == len(inbox_ids)


def read_recipient(row: Record) -> Recipient:
    """A row that has `COLUMNS`."""
    return Recipient(
        row["recipient_id"],
        row["locale"],
        row["time_zone"],
        json.loads(row["attributes"]),
        row["create_time"],
        row["update_time"],
    )


def _dump_attributes(patch: RecipientPatch) -> str | None:
    return None if patch.attributes is None else json.dumps(dict(patch.attributes))
