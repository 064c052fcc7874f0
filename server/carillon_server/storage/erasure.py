"""Erasing a recipient: no row of theirs is left, in any table."""

from __future__ import annotations

from carillon_server.storage.database import Connection

TABLES_OF_A_RECIPIENT = (
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
"""Every row with their `inbox_id` is theirs alone."""

_LEAVE_TOPICS = """
WITH gone AS (DELETE FROM topic_member WHERE inbox_id = $1 RETURNING tenant, topic)
UPDATE topic t SET member_count = t.member_count - 1 FROM gone
WHERE t.tenant = gone.tenant AND t.name = gone.topic
"""


async def erase(connection: Connection, inbox_id: bytes) -> None:
    """Deletes every row of the recipient; topics have a member less."""
    for table in TABLES_OF_A_RECIPIENT:
        await connection.execute(f"DELETE FROM {table} WHERE inbox_id = $1", inbox_id)
    # Last: whoever adds them to a topic holds their row, so by now every membership can be seen.
    await connection.execute(_LEAVE_TOPICS, inbox_id)
