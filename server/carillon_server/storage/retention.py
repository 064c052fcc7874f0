"""What a type's retention asks for: what has been in the inbox for long enough goes to the archive, and what
has been in the archive for long enough goes for good.

`retain_time` says when the next of the two is due, null that nothing is. What is pinned is not in the index
of what is due; unpinned, it is there again under its old time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from carillon_server.domain.notification import StoredNotification
from carillon_server.storage.database import Connection, column
from carillon_server.storage.notification_rows import COLUMNS, read_notification
from carillon_server.storage.schedule import NotificationKey

FIND_RETAINED = """
SELECT inbox_id, seq FROM notification
WHERE retain_time IS NOT NULL AND stage IN (1, 2) AND pin_time IS NULL AND retain_time <= now()
ORDER BY retain_time LIMIT $1
"""
_READ_RETAINED = f"""
SELECT {COLUMNS}, i.recipient_id
FROM unnest($1::bytea[], $2::bigint[]) AS k (inbox_id, seq)
JOIN notification n ON n.inbox_id = k.inbox_id AND n.seq = k.seq
JOIN inbox i ON i.inbox_id = n.inbox_id
WHERE n.retain_time <= now() AND n.stage IN (1, 2) AND n.pin_time IS NULL
ORDER BY n.inbox_id, n.position, n.seq
"""
ARCHIVED = "archive_time = {now}, retain_time = {now} + n.keep_archived_seconds * interval '1 second'"
"""What becomes of a row `n` that goes to the archive at `now`, by whose hand ever."""
_ARCHIVE = f"""
UPDATE notification n SET change_version = a.version, {ARCHIVED.format(now="$4::timestamptz")}
FROM unnest($1::bytea[], $2::bigint[], $3::bigint[]) AS a (inbox_id, seq, version)
WHERE n.inbox_id = a.inbox_id AND n.seq = a.seq
"""


@dataclass(frozen=True, slots=True)
class ArchiveRow:
    """A notification that goes to the archive, and the version that this takes."""

    inbox_id: bytes
    seq: int
    version: int


async def find_retained(connection: Connection, limit: int) -> list[NotificationKey]:
    """What is due, the longest due first."""
    return [tuple(row) for row in await connection.fetch(FIND_RETAINED, limit)]


async def read_retained(connection: Connection, keys: Sequence[NotificationKey]) -> list[StoredNotification]:
    """Of these, what is still due, in the order of each list; the inboxes are locked."""
    rows = await connection.fetch(_READ_RETAINED, column(keys, 0), column(keys, 1))
    return [read_notification(row, row["recipient_id"]) for row in rows]


async def archive(connection: Connection, archivals: Sequence[ArchiveRow], now: datetime) -> None:
    """Moves notifications of locked inboxes to the archive."""
    rows = [(each.inbox_id, each.seq, each.version) for each in archivals]
    await connection.execute(_ARCHIVE, *(column(rows, index) for index in range(3)), now)
