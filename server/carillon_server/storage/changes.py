"""What live streams read: where an inbox stands, what changed in it, which inboxes moved on.

Each read is one statement, so the state and the rows are of one instant.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from carillon_server.domain.inbox import InboxAddress, InboxState
from carillon_server.domain.inbox_query import InboxFilter
from carillon_server.domain.notification import StoredNotification
from carillon_server.storage.database import Database
from carillon_server.storage.inbox_reads import InboxConditions
from carillon_server.storage.inboxes import STATE_COLUMNS, read_state
from carillon_server.storage.notification_rows import COLUMNS, PAYLOAD_BYTES, read_notification

_READ_CHANGES = f"""
SELECT {STATE_COLUMNS}, {COLUMNS}, n.found FROM inbox i LEFT JOIN LATERAL (
    SELECT c.*, count(*) OVER () AS found,
        sum(c.bytes) OVER (ORDER BY c.change_version) - c.bytes AS bytes_before
    FROM (
        SELECT *, {PAYLOAD_BYTES} AS bytes FROM notification n WHERE inbox_id = $1 AND change_version > $2
        ORDER BY change_version LIMIT $3
    ) c
) n ON n.bytes_before < $4 WHERE i.inbox_id = $1 ORDER BY n.change_version
"""

_COMPARE = """
SELECT k.inbox_id, i.epoch, i.version
FROM unnest($1::bytea[], $2::bigint[], $3::bigint[]) AS k (inbox_id, epoch, version)
LEFT JOIN inbox i ON i.inbox_id = k.inbox_id
WHERE (i.epoch, i.version) IS DISTINCT FROM (k.epoch, k.version)
"""


@dataclass(frozen=True, slots=True)
class InboxSnapshot:
    """An inbox and its newest notifications, at one instant."""

    state: InboxState
    notifications: tuple[StoredNotification, ...]
    """Newest first."""


@dataclass(frozen=True, slots=True)
class ChangesPage:
    """What changed after a version, and the inbox at the same instant."""

    state: InboxState
    notifications: tuple[StoredNotification, ...]
    """In the order of their last change, of every stage."""
    complete: bool
    """Nothing else changed up to `state.version`."""

    @property
    def last_version(self) -> int:
        """Up to where the page tells everything."""
        return self.state.version if self.complete else self.notifications[-1].change_version


TIMEOUT_SECONDS = 2.0
"""What does not answer in this time is taken to be away."""

Position = tuple[int, int]
"""Epoch and version of an inbox."""


async def read_snapshot(
    database: Database,
    address: InboxAddress,
    filter: InboxFilter,  # noqa: A002 - the name of the field
    *,
    size: int,
    max_bytes: int,
) -> InboxSnapshot | None:
    """The newest that match: at most `size`, and no more after `max_bytes` of payload. None: no inbox."""
    conditions = InboxConditions(address.inbox_id, size, max_bytes)
    conditions.add_filter(filter)
    sql = f"""
        SELECT {STATE_COLUMNS}, {COLUMNS} FROM inbox i LEFT JOIN LATERAL (
            SELECT c.*,
                sum(c.bytes) OVER (ORDER BY c.position DESC) - c.bytes AS bytes_before
            FROM (
                SELECT *, {PAYLOAD_BYTES} AS bytes FROM notification n
                WHERE n.inbox_id = $1 AND n.stage = 1{conditions.sql}
                ORDER BY n.position DESC LIMIT $2
            ) c
        ) n ON n.bytes_before < $3 WHERE i.inbox_id = $1 ORDER BY n.position DESC
    """
    rows = await database.fetch(sql, *conditions.arguments, timeout=TIMEOUT_SECONDS)
    if not rows:
        return None
    found = tuple(read_notification(row, address.recipient_id) for row in rows if row["seq"] is not None)
    return InboxSnapshot(read_state(rows[0]), found)


async def read_changes(
    database: Database, address: InboxAddress, after_version: int, *, limit: int, max_bytes: int
) -> ChangesPage | None:
    """What changed, oldest change first: at most `limit`, and no more after `max_bytes` of payload. None: no
    such inbox.
    """
    rows = await database.fetch(
        _READ_CHANGES, address.inbox_id, after_version, limit, max_bytes, timeout=TIMEOUT_SECONDS
    )
    if not rows:
        return None
    state = read_state(rows[0])
    if rows[0]["seq"] is None:
        return ChangesPage(state, (), complete=True)
    found = tuple(read_notification(row, address.recipient_id) for row in rows)
    return ChangesPage(state, found, complete=len(found) == rows[0]["found"] < limit)


async def compare_versions(
    database: Database, inbox_ids: Sequence[bytes], positions: Sequence[Position]
) -> Mapping[bytes, Position | None]:
    """Of these inboxes those that stand elsewhere, and where; None: gone."""
    rows = await database.fetch(
        _COMPARE,
        inbox_ids,
        [epoch for epoch, _ in positions],
        [version for _, version in positions],
        timeout=TIMEOUT_SECONDS,
    )
    return {row["inbox_id"]: None if row["epoch"] is None else (row["epoch"], row["version"]) for row in rows}
