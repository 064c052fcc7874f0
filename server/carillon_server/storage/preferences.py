"""Preferences: one document per recipient, changed under its lock."""

from __future__ import annotations

from collections.abc import Callable

from carillon_server.domain.inbox import InboxAddress
from carillon_server.domain.preferences import Preferences
from carillon_server.storage.database import Connection, Database
from carillon_server.storage.inboxes import ensure_inboxes
from carillon_server.storage.preference_rows import dump_preferences, parse_preferences

_GET = "SELECT document, update_time FROM preference WHERE inbox_id = $1"
# The inbox row orders this against sends, and two first changes of one recipient against each other.
_LOCK = "SELECT 1 FROM inbox WHERE inbox_id = $1 FOR UPDATE"
_PUT = """
INSERT INTO preference (inbox_id, document, update_time) VALUES ($1, $2, now())
ON CONFLICT (inbox_id) DO UPDATE SET document = excluded.document, update_time = now() RETURNING update_time
"""


async def fetch_preferences(
    database: Database, address: InboxAddress, *, timeout: float | None
) -> Preferences:
    """The empty ones where none were set."""
    row = await database.fetchrow(_GET, address.inbox_id, timeout=timeout)
    return parse_preferences(row["document"], row["update_time"]) if row else parse_preferences(None)


async def change_preferences(
    database: Database,
    address: InboxAddress,
    change: Callable[[Preferences], Preferences],
    *,
    timeout_seconds: float,
) -> Preferences:
    """Reads, changes and writes them in one transaction."""

    async def work(connection: Connection) -> Preferences:
        await connection.execute(_LOCK, address.inbox_id)
        row = await connection.fetchrow(_GET, address.inbox_id)
        changed = change(parse_preferences(row["document"] if row else None))
        document = dump_preferences(changed)
        update_time = await connection.fetchval(_PUT, address.inbox_id, document)
        return parse_preferences(document, update_time)

    await ensure_inboxes(database, [address])
    return await database.transaction(work, timeout_seconds=timeout_seconds)
