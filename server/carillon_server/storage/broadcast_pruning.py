"""Broadcasts that ended long ago are forgotten, with the words that all of their readers shared.

Notifications show those words, so a broadcast stays as long as one of them is there; it is looked at again
after another such time, so each look costs one probe of an index and few are due.
"""

from __future__ import annotations

from carillon_server.storage.database import Connection

_PRUNE = """
WITH due AS (
    SELECT broadcast_id FROM broadcast WHERE state > 2 AND due_time <= now() - $1 * interval '1 second'
    ORDER BY due_time LIMIT $2
), empty AS MATERIALIZED (
    SELECT broadcast_id FROM due d
    WHERE NOT EXISTS (SELECT FROM notification n WHERE n.broadcast_id = d.broadcast_id)
), contents AS (
    DELETE FROM broadcast_content c USING empty e WHERE c.broadcast_id = e.broadcast_id
), gone AS (
    DELETE FROM broadcast b USING empty e WHERE b.broadcast_id = e.broadcast_id
), kept AS (
    UPDATE broadcast b SET due_time = now() FROM due d
    WHERE b.broadcast_id = d.broadcast_id AND NOT EXISTS (
        SELECT FROM empty e WHERE e.broadcast_id = d.broadcast_id)
)
SELECT count(*) FROM due
"""


async def prune_broadcasts(connection: Connection, retention_seconds: float, limit: int) -> int:
    """Looks at the `limit` that were looked at the longest ago, or ended; returns at how many it did. No
    notification comes to one that has ended.
    """
    return int(await connection.fetchval(_PRUNE, retention_seconds, limit))
