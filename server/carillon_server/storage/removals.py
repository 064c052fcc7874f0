"""Taking notifications out of an inbox: a tombstone stays, the content goes, what is undelivered is called
back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from carillon_server.storage.database import Connection, column

BURIED = """stage = 3, remove_time = now(), payload = '', labels = NULL, attachments = NULL, actor_id = '',
    thread_key = '', collapse_key = '', broadcast_id = NULL, broadcast_variant = NULL, retain_time = NULL"""
"""What becomes of the row of a removed notification; its rows of `notification_part` go with it."""

_BURY = f"""
WITH r AS (
    SELECT * FROM unnest($1::bytea[], $2::bigint[], $3::bigint[]) AS r (inbox_id, seq, version)
), parts AS (
    DELETE FROM notification_part p USING r WHERE p.inbox_id = r.inbox_id AND p.seq = r.seq
)
UPDATE notification n SET change_version = r.version, {BURIED}
FROM r WHERE n.inbox_id = r.inbox_id AND n.seq = r.seq
"""

_CALL_BACK = """
UPDATE delivery d SET state = 7, fence = d.fence + 1, finish_time = now(), finish_reason = $3,
lease_expire_time = NULL
FROM unnest($1::bytea[], $2::bigint[]) AS r (inbox_id, seq)
WHERE d.inbox_id = r.inbox_id AND d.seq = r.seq AND d.state <= 3
"""


@dataclass(frozen=True, slots=True)
class Removal:
    """One notification to take out, and the version that this takes."""

    inbox_id: bytes
    seq: int
    version: int


async def bury(connection: Connection, removals: Sequence[Removal], reason: str) -> None:
    """Removes notifications of inboxes that the transaction has locked."""
    rows = [(removal.inbox_id, removal.seq, removal.version) for removal in removals]
    await connection.execute(_BURY, *(column(rows, index) for index in range(3)))
    await call_back(connection, [(removal.inbox_id, removal.seq) for removal in removals], reason)


async def call_back(connection: Connection, notifications: Sequence[tuple[bytes, int]], reason: str) -> int:
    """Cancels what is not delivered yet; raising the fence keeps a running attempt from recording anything.
    Returns how many.
    """
    status = await connection.execute(_CALL_BACK, column(notifications, 0), column(notifications, 1), reason)
    return int(status.rpartition(" ")[2])
