"""Recipients and their endpoints."""

from __future__ import annotations

import json
from collections.abc import Sequence

from carillon_server.domain.channel import Channel
from carillon_server.domain.inbox import InboxAddress
from carillon_server.domain.push_address import stored_platform
from carillon_server.domain.recipient import Endpoint, Recipient, RecipientPatch
from carillon_server.storage.database import Connection, Database, Record

_COLUMNS = "recipient_id, locale, time_zone, attributes, create_time, update_time"

_GET = f"SELECT {_COLUMNS} FROM recipient WHERE inbox_id = $1"

_LIST = f"""
SELECT {_COLUMNS} FROM recipient WHERE tenant = $1 AND recipient_id COLLATE "C" > $2
ORDER BY recipient_id COLLATE "C" LIMIT $3
"""

_PATCH = f"""
UPDATE recipient SET locale = coalesce($2, locale), time_zone = coalesce($3, time_zone),
    attributes = coalesce($4::jsonb, attributes), update_time = now()
WHERE inbox_id = $1 RETURNING {_COLUMNS}
"""

_ENDPOINT_COLUMNS = "endpoint_id, address, label, platform, create_time"

_LIST_ENDPOINTS = f"""
SELECT {_ENDPOINT_COLUMNS} FROM endpoint WHERE inbox_id = $1 AND retire_time IS NULL ORDER BY create_time,
endpoint_id
"""

# Adding a retired endpoint again brings it back: the person says that it works. From then on it counts as
# registered, so what a push service says about the time before does not retire it.
_PUT_ENDPOINT = f"""
INSERT INTO endpoint AS e (inbox_id, endpoint_id, address, label, platform) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (inbox_id, endpoint_id) DO UPDATE
SET label = CASE WHEN excluded.label = '' THEN e.label ELSE excluded.label END,
    platform = excluded.platform, register_time = now(), retire_time = NULL, retire_reason = NULL
RETURNING {_ENDPOINT_COLUMNS}
"""

_TABLES_OF_A_RECIPIENT = (
    "attempt",
    "delivery",
    "device",
    "endpoint",
    "inbox",
    "inbox_counter",
    "notification",
    "notification_part",
    "preference",
    "provider_event",
    "recipient",
)


async def fetch_recipient(
    database: Database, address: InboxAddress, *, timeout: float | None
) -> Recipient | None:
    """None where there is none."""
    row = await database.fetchrow(_GET, address.inbox_id, timeout=timeout)
    return _read_recipient(row) if row else None


async def fetch_recipients(
    database: Database, tenant: str, after: str, limit: int, *, timeout: float | None
) -> list[Recipient]:
    """Those of a tenant whose id comes after `after`, by id."""
    return [
        _read_recipient(row) for row in await database.fetch(_LIST, tenant, after, limit, timeout=timeout)
    ]


async def patch_recipient(connection: Connection, address: InboxAddress, patch: RecipientPatch) -> Recipient:
    """Changes what the patch names of a recipient that exists."""
    attributes = None if patch.attributes is None else json.dumps(dict(patch.attributes))
    row = await connection.fetchrow(_PATCH, address.inbox_id, patch.locale, patch.time_zone, attributes)
    if row is None:
        raise LookupError("the recipient vanished under its lock")
    return _read_recipient(row)


async def fetch_endpoints(connection: Connection, inbox_id: bytes) -> Sequence[Endpoint]:
    """Those that are not retired, oldest first."""
    return [_read_endpoint(row) for row in await connection.fetch(_LIST_ENDPOINTS, inbox_id)]


async def put_endpoint(connection: Connection, inbox_id: bytes, endpoint: Endpoint) -> Endpoint:
    """Adds it, or changes its label and platform; it counts as registered now."""
    row = await connection.fetchrow(
        _PUT_ENDPOINT, inbox_id, endpoint.raw_id, endpoint.address, endpoint.label, endpoint.platform
    )
    if row is None:
        raise LookupError("an upsert returns its row")
    return _read_endpoint(row)


async def lock_recipient(connection: Connection, inbox_id: bytes) -> bool:
    """Holds the inbox row until the transaction ends; False where there is none."""
    return bool(await connection.fetchval("SELECT 1 FROM inbox WHERE inbox_id = $1 FOR UPDATE", inbox_id))


async def delete_endpoint(connection: Connection, inbox_id: bytes, endpoint_id: bytes) -> bool:
    """False where there was none."""
    status = await connection.execute(
        "DELETE FROM endpoint WHERE inbox_id = $1 AND endpoint_id = $2", inbox_id, endpoint_id
    )
    return status != "DELETE 0"


async def erase(connection: Connection, inbox_id: bytes) -> None:
    """Deletes every row of the recipient."""
    for table in _TABLES_OF_A_RECIPIENT:
        await connection.execute(f"DELETE FROM {table} WHERE inbox_id = $1", inbox_id)


def _read_recipient(row: Record) -> Recipient:
    return Recipient(
        row["recipient_id"],
        row["locale"],
        row["time_zone"],
        json.loads(row["attributes"]),
        row["create_time"],
        row["update_time"],
    )


def _read_endpoint(row: Record) -> Endpoint:
    channel, address = Channel(row["endpoint_id"][0]), row["address"]
    platform = stored_platform(channel, row["platform"], address)
    return Endpoint(channel, address, row["label"], row["create_time"], platform)
