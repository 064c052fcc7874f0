"""What a Cancel may touch."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from carillon_server.domain.ids import NotificationId
from carillon_server.domain.notification import Stage
from carillon_server.storage.database import Connection

_FIND = """
SELECT n.inbox_id, n.seq, n.stage
FROM unnest($1::bytea[], $2::bigint[]) AS k (inbox_id, seq)
JOIN notification n ON n.inbox_id = k.inbox_id AND n.seq = k.seq
JOIN inbox i ON i.inbox_id = n.inbox_id
WHERE i.tenant = $3 AND ($4::text IS NULL OR n.sender = $4) AND n.stage < 3
ORDER BY n.inbox_id, n.seq
"""

_FIND_BY_COLLAPSE_KEY = """
SELECT inbox_id, seq FROM notification
WHERE inbox_id = ANY ($1::bytea[]) AND collapse_key = $2 AND stage < 3 AND collapse_key <> ''
"""


@dataclass(frozen=True, slots=True)
class Cancellable:
    """A notification that its sender may still call back, at least in part."""

    id: NotificationId
    scheduled: bool


async def find_cancellable(
    connection: Connection, tenant: str, ids: Collection[NotificationId], sender: str | None
) -> list[Cancellable]:
    """Of `ids`, those of the tenant and the sender that are not removed."""
    rows = await connection.fetch(_FIND, [i.inbox_id for i in ids], [i.seq for i in ids], tenant, sender)
    return [
        Cancellable(NotificationId(row["inbox_id"], row["seq"]), row["stage"] == Stage.SCHEDULED)
        for row in rows
    ]


async def find_by_collapse_key(
    connection: Connection, inbox_ids: Collection[bytes], collapse_key: str
) -> list[NotificationId]:
    """What stands in these inboxes under the key."""
    rows = await connection.fetch(_FIND_BY_COLLAPSE_KEY, list(inbox_ids), collapse_key)
    return [NotificationId(row["inbox_id"], row["seq"]) for row in rows]
