"""What is stored of one notification, for its story."""

from __future__ import annotations

from carillon_server.domain.channel import Priority
from carillon_server.domain.ids import NotificationId
from carillon_server.domain.story import Acknowledgement, NotificationFacts, TakenDecision
from carillon_server.storage.database import Database, Record

_MAX_ACKNOWLEDGEMENTS = 100
_DECISION_BYTES = 3

_FETCH = """
SELECT n.*, i.recipient_id, clock_timestamp() AS now
FROM notification n JOIN inbox i ON i.inbox_id = n.inbox_id
WHERE n.inbox_id = $1 AND n.seq = $2 AND i.tenant = $3
"""
_ACKNOWLEDGEMENTS = """
SELECT device_id, ack_time FROM device WHERE inbox_id = $1 AND acked_version >= $2 ORDER BY ack_time LIMIT $3
"""


async def fetch_facts(
    database: Database, tenant: str, notification_id: NotificationId, *, timeout: float | None
) -> NotificationFacts | None:
    """None where the tenant has none."""
    row = await database.fetchrow(
        _FETCH, notification_id.inbox_id, notification_id.seq, tenant, timeout=timeout
    )
    if row is None:
        return None
    acknowledgements: list[Record] = []
    if row["position"] > 0:
        acknowledgements = await database.fetch(
            _ACKNOWLEDGEMENTS, row["inbox_id"], row["position"], _MAX_ACKNOWLEDGEMENTS, timeout=timeout
        )
    return _read(row, acknowledgements)


def _read(row: Record, acknowledgements: list[Record]) -> NotificationFacts:
    decisions: bytes = row["decisions"]
    starts = range(0, len(decisions) - _DECISION_BYTES + 1, _DECISION_BYTES)
    return NotificationFacts(
        id=NotificationId(row["inbox_id"], row["seq"]),
        recipient_id=row["recipient_id"],
        type=row["type"],
        sender=row["sender"],
        priority=Priority(row["priority"]),
        create_time=row["create_time"],
        deliver_time=row["deliver_time"],
        expire_time=row["expire_time"],
        shown=row["position"] > 0,
        seen_time=row["seen_time"],
        read_time=row["read_time"],
        archive_time=row["archive_time"],
        action_id=row["action_id"] or "",
        action_time=row["action_time"],
        remove_time=row["remove_time"],
        decisions=tuple(TakenDecision(*decisions[start : start + _DECISION_BYTES]) for start in starts),
        acknowledgements=tuple(
            Acknowledgement(each["device_id"], each["ack_time"]) for each in acknowledgements
        ),
        now=row["now"],
    )
