"""Rows of `notification` to values."""

from __future__ import annotations

import json

from carillon_server.domain.channel import Priority
from carillon_server.domain.notification import ShownNotification, Stage, StoredNotification
from carillon_server.storage.database import Record

_NAMES = (
    "inbox_id, seq, change_version, position, stage, type, category, priority, thread_key, labels, "
    "create_time, deliver_time, expire_time, read_time, seen_time, archive_time, pin_time, action_id, "
    "action_time"
)

# A subquery of the list, not a join: where the payload is the row's own it is never run.
_OWN_OR_SHARED = """
CASE WHEN n.broadcast_variant IS NULL THEN {own} ELSE coalesce((
    SELECT {shared} FROM broadcast_content b
    WHERE b.broadcast_id = n.broadcast_id AND b.variant = n.broadcast_variant), {own}) END
"""
PAYLOAD = _OWN_OR_SHARED.format(own="n.payload", shared="b.payload").strip()
"""The content of a row of `n`: its own, or that of the variant of its broadcast."""
PAYLOAD_BYTES = _OWN_OR_SHARED.format(own="octet_length(n.payload)", shared="octet_length(b.payload)").strip()
"""Its size, without reading it."""

COLUMNS = ", ".join([*(f"n.{name.strip()}" for name in _NAMES.split(",")), f"{PAYLOAD} AS payload"])
"""The select list for a table aliased `n`."""


SHOWN_COLUMNS = ", ".join(
    PAYLOAD + " AS payload" if name == "payload" else f"n.{name}" for name in ShownNotification._fields
)
"""The select list for a `ShownNotification`, in the order of its fields."""


def read_notification(record: Record, recipient_id: str) -> StoredNotification:
    """A row selected with `COLUMNS`; the recipient is known from the address that was asked for."""
    return StoredNotification(
        inbox_id=record["inbox_id"],
        seq=record["seq"],
        change_version=record["change_version"],
        position=record["position"],
        stage=Stage(record["stage"]),
        recipient_id=recipient_id,
        type=record["type"],
        category=record["category"],
        priority=Priority(record["priority"]),
        thread_key=record["thread_key"],
        labels=json.loads(record["labels"]) if record["labels"] else {},
        payload=record["payload"],
        create_time=record["create_time"],
        deliver_time=record["deliver_time"],
        expire_time=record["expire_time"],
        read_time=record["read_time"],
        seen_time=record["seen_time"],
        archive_time=record["archive_time"],
        pin_time=record["pin_time"],
        action_id=record["action_id"] or "",
        action_time=record["action_time"],
    )
