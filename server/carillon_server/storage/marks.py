"""Marks: the rows that change take one version each, in the order of the list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from carillon_server.domain.inbox import Counts, InboxAddress
from carillon_server.domain.inbox_query import InboxFilter, Mark, Selection
from carillon_server.domain.notification import StoredNotification
from carillon_server.storage.database import Connection
from carillon_server.storage.inbox_reads import InboxConditions
from carillon_server.storage.inboxes import CounterKey
from carillon_server.storage.notification_rows import COLUMNS, read_notification
from carillon_server.storage.removals import BURIED
from carillon_server.storage.retention import ARCHIVED

# What a mark changes, and which rows it would change at all: that is what makes it idempotent. Who takes
# something out of the archive wants it: retention leaves it alone from then on.
_MARKS = {
    Mark.READ: ("n.read_time IS NULL", "read_time = now(), seen_time = coalesce(n.seen_time, now())"),
    Mark.UNREAD: ("n.read_time IS NOT NULL", "read_time = NULL"),
    Mark.SEEN: ("n.seen_time IS NULL", "seen_time = now()"),
    Mark.ARCHIVE: ("n.archive_time IS NULL", ARCHIVED.format(now="now()")),
    Mark.UNARCHIVE: ("n.archive_time IS NOT NULL", "archive_time = NULL, retain_time = NULL"),
    Mark.PIN: ("n.pin_time IS NULL", "pin_time = now()"),
    Mark.UNPIN: ("n.pin_time IS NOT NULL", "pin_time = NULL"),
    Mark.DELETE: ("true", BURIED),
}

_FETCH_CHANGED = f"""
SELECT {COLUMNS} FROM notification n WHERE n.inbox_id = $1 AND n.change_version > $2 ORDER BY n.change_version
"""

_TAKE_ACTION = f"""
UPDATE notification n SET action_id = $3, action_time = now(), change_version = $4
WHERE n.inbox_id = $1 AND n.seq = $2 RETURNING {COLUMNS}
"""


@dataclass(frozen=True, slots=True)
class MarkedRow:
    """A row that changed: what it counted before, and what it counts now."""

    seq: int
    version: int
    counter_key: CounterKey
    before: Counts
    after: Counts


async def apply_mark(
    connection: Connection, inbox_id: bytes, version: int, mark: Mark, selection: Selection
) -> list[MarkedRow]:
    """Changes what is selected and not yet so marked, giving out the versions after `version`."""
    precondition, change = _MARKS[mark]
    conditions = InboxConditions(inbox_id, version)
    conditions.add(precondition)
    if selection.ids is not None:
        conditions.add("n.seq = ANY ({}::bigint[])", [each.seq for each in selection.ids])
    else:
        conditions.add_filter(_filter_for(mark, selection))
    if selection.until_version is not None:
        conditions.add("n.position <= {}", selection.until_version)
    sql = f"""
        WITH picked AS (
            SELECT n.seq, $2::bigint + row_number() OVER (ORDER BY n.position) AS version,
                n.read_time, n.seen_time, n.archive_time
            FROM notification n WHERE n.inbox_id = $1 AND n.stage = 1{conditions.sql}
        ){_drop_parts(mark)}
        UPDATE notification n SET change_version = picked.version, {change} FROM picked
        WHERE n.inbox_id = $1 AND n.seq = picked.seq
        RETURNING n.seq, n.change_version, n.type, n.category, n.priority, n.stage,
            picked.read_time AS old_read, picked.seen_time AS old_seen, picked.archive_time AS old_archive,
            n.read_time, n.seen_time, n.archive_time
    """
    rows = await connection.fetch(sql, *conditions.arguments)
    return [
        MarkedRow(
            row["seq"],
            row["change_version"],
            (inbox_id, row["type"], row["category"], row["priority"]),
            _counts(row["old_read"], row["old_seen"], row["old_archive"]),
            _counts(row["read_time"], row["seen_time"], row["archive_time"])
            if row["stage"] == 1
            else Counts(),
        )
        for row in rows
    ]


async def fetch_changed(
    connection: Connection, address: InboxAddress, after_version: int
) -> Sequence[StoredNotification]:
    """What the transaction has changed, in its new state and in the order of its versions."""
    rows = await connection.fetch(_FETCH_CHANGED, address.inbox_id, after_version)
    return [read_notification(row, address.recipient_id) for row in rows]


async def take_action(
    connection: Connection, address: InboxAddress, seq: int, action_id: str, version: int
) -> StoredNotification:
    """Records the action under the version that it takes."""
    row = await connection.fetchrow(_TAKE_ACTION, address.inbox_id, seq, action_id, version)
    if row is None:
        raise LookupError("the notification vanished under the lock of its inbox")
    return read_notification(row, address.recipient_id)


def _filter_for(mark: Mark, selection: Selection) -> InboxFilter:
    """What is not said of the archive is taken from the mark: only archived ones can be moved back."""
    if mark is Mark.UNARCHIVE and selection.filter.archived is None:
        return replace(selection.filter, archived=True)
    return selection.filter


def _drop_parts(mark: Mark) -> str:
    if mark is not Mark.DELETE:
        return ""
    return """, parts AS (
            DELETE FROM notification_part p USING picked WHERE p.inbox_id = $1 AND p.seq = picked.seq
        )"""


def _counts(read_time: datetime | None, seen_time: datetime | None, archive_time: datetime | None) -> Counts:
    if archive_time is not None:
        return Counts(archived=1)
    return Counts(total=1, unread=int(read_time is None), unseen=int(seen_time is None))
