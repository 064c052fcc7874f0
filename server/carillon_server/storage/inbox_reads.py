"""Reading an inbox. Each read is one statement, so all of it is of one instant."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Any

from carillon_server.domain.ids import NotificationId
from carillon_server.domain.inbox import EMPTY_INBOX, Counts, InboxAddress, InboxState
from carillon_server.domain.inbox_query import InboxCounts, InboxFilter, InboxPage
from carillon_server.domain.notification import ShownNotification, StoredNotification
from carillon_server.storage.conditions import Conditions
from carillon_server.storage.database import Connection, Database, Record
from carillon_server.storage.inboxes import STATE_COLUMNS, read_state
from carillon_server.storage.notification_rows import COLUMNS, SHOWN_COLUMNS, read_notification

_GET = f"SELECT {COLUMNS} FROM notification n WHERE n.inbox_id = $1 AND n.seq = $2 AND n.stage = 1"

_GET_SENT = f"""
SELECT {COLUMNS}, i.recipient_id FROM notification n JOIN inbox i USING (inbox_id)
WHERE n.inbox_id = $1 AND n.seq = $2 AND n.stage < 3 AND i.tenant = $3 AND n.sender = $4
"""

_COUNTS = f"""
SELECT {STATE_COLUMNS}, c.type, c.category, c.priority, c.total AS part_total, c.unread AS part_unread,
    c.unseen AS part_unseen, c.archived AS part_archived
FROM inbox i LEFT JOIN inbox_counter c ON c.inbox_id = i.inbox_id AND (c.total > 0 OR c.archived > 0)
WHERE i.inbox_id = $1
"""

_STATE_WIDTH = STATE_COLUMNS.count(",") + 1

_STILL_SHOWN = """
SELECT seq FROM notification WHERE inbox_id = $1 AND seq = ANY ($2::bigint[])
    AND stage = 1 AND read_time IS NULL AND archive_time IS NULL
    AND (expire_time IS NULL OR expire_time > now())
"""

_ACK = """
INSERT INTO device AS d (inbox_id, device_id, acked_version, ack_time) VALUES ($1, $2, $3, now())
ON CONFLICT (inbox_id, device_id) DO UPDATE SET acked_version = excluded.acked_version, ack_time = now()
WHERE d.acked_version < excluded.acked_version
"""


class InboxConditions(Conditions):
    """What a filter asks, as conditions."""

    def add_filter(self, filter: InboxFilter) -> None:  # noqa: A002 - the name of the field
        """What a filter asks of a visible notification `n`."""
        if filter.unread is not None:
            self.add("n.read_time IS NULL" if filter.unread else "n.read_time IS NOT NULL")
        self.add("n.archive_time IS NOT NULL" if filter.archived else "n.archive_time IS NULL")
        if filter.types:
            self.add("n.type = ANY ({}::text[])", list(filter.types))
        if filter.category:
            self.add("n.category = {}", filter.category)
        if filter.labels:
            self.add("n.labels @> {}::jsonb", json.dumps(dict(filter.labels)))
        if filter.thread_key:
            self.add("n.thread_key = {}", filter.thread_key)
        if filter.start_time:
            self.add("n.deliver_time >= {}", filter.start_time)
        if filter.end_time:
            self.add("n.deliver_time < {}", filter.end_time)


async def fetch_page(
    database: Database,
    address: InboxAddress,
    filter: InboxFilter,  # noqa: A002 - the name of the field
    *,
    page_size: int,
    before_position: int | None,
    timeout: float | None,
) -> InboxPage:
    """One more row than asked tells whether there is a next page."""
    conditions = InboxConditions(address.inbox_id, page_size + 1)
    conditions.add_filter(filter)
    if before_position is not None:
        conditions.add("n.position < {}", before_position)
    sql = f"""
        SELECT {STATE_COLUMNS}, page.* FROM inbox i LEFT JOIN LATERAL (
            SELECT {SHOWN_COLUMNS} FROM notification n
            WHERE n.inbox_id = $1 AND n.stage = 1{conditions.sql}
            ORDER BY n.position DESC LIMIT $2
        ) page ON true WHERE i.inbox_id = $1
    """
    rows = await database.fetch(sql, *conditions.arguments, timeout=timeout)
    if not rows:
        return InboxPage(EMPTY_INBOX, (), None)
    found = [ShownNotification._make(row[_STATE_WIDTH:]) for row in rows if row["seq"] is not None]
    more = len(found) > page_size
    shown = found[:page_size]
    return InboxPage(read_state(rows[0]), shown, shown[-1].position if more else None)


async def fetch_visible(
    database: Database, address: InboxAddress, seq: int, *, timeout: float | None
) -> StoredNotification | None:
    """One notification of an inbox or its archive."""
    row = await database.fetchrow(_GET, address.inbox_id, seq, timeout=timeout)
    return read_notification(row, address.recipient_id) if row else None


async def fetch_visible_in(
    connection: Connection, address: InboxAddress, seq: int
) -> StoredNotification | None:
    """The same inside a transaction."""
    row = await connection.fetchrow(_GET, address.inbox_id, seq)
    return read_notification(row, address.recipient_id) if row else None


async def inbox_exists(database: Database, inbox_id: bytes) -> bool:
    """Whether the inbox has come into being."""
    return await database.fetchrow("SELECT 1 FROM inbox WHERE inbox_id = $1", inbox_id) is not None


async def fetch_sent(
    database: Database, tenant: str, sender: str, notification_id: NotificationId, *, timeout: float | None
) -> StoredNotification | None:
    """One notification as its sender sees it: also scheduled, also for other channels only."""
    row = await database.fetchrow(
        _GET_SENT, notification_id.inbox_id, notification_id.seq, tenant, sender, timeout=timeout
    )
    return read_notification(row, row["recipient_id"]) if row else None


async def fetch_counts(database: Database, inbox_id: bytes, *, timeout: float | None) -> InboxCounts:
    """The counters of the inbox and of its parts."""
    rows = await database.fetch(_COUNTS, inbox_id, timeout=timeout)
    if not rows:
        return InboxCounts(EMPTY_INBOX, {}, {}, {})
    parts = [row for row in rows if row["type"] is not None]
    state: InboxState = read_state(rows[0])
    return InboxCounts(state, _sum(parts, "type"), _sum(parts, "category"), _sum(parts, "priority"))


async def fetch_still_shown(
    database: Database, inbox_id: bytes, seqs: Collection[int], *, timeout: float | None
) -> set[int]:
    """Of these, what a device should still show: neither read nor archived, removed or expired."""
    rows = await database.fetch(_STILL_SHOWN, inbox_id, list(seqs), timeout=timeout)
    return {row["seq"] for row in rows}


async def store_ack(
    database: Database, inbox_id: bytes, device_id: str, version: int, *, timeout: float | None
) -> None:
    """Remembers how far a device came; an older version changes nothing."""
    await database.fetch(_ACK, inbox_id, device_id, version, timeout=timeout)


def _sum(rows: Sequence[Record], column: str) -> dict[Any, Counts]:
    sums: defaultdict[Any, Counts] = defaultdict(Counts)
    for row in rows:
        sums[row[column]] += Counts(
            row["part_total"], row["part_unread"], row["part_unseen"], row["part_archived"]
        )
    return dict(sums)
