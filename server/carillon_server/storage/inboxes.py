"""Inbox rows: made, locked, moved on.

Whoever writes to an inbox holds its row lock until commit, so versions are taken in commit order and
without gaps. Several inboxes are
always locked in key order: no two transactions can wait for each other.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache

from carillon_server.domain.inbox import Counts, InboxAddress, InboxState
from carillon_server.domain.preferences import Preferences
from carillon_server.domain.value import dataclass
from carillon_server.storage.database import Connection, Database, Record, column
from carillon_server.storage.preference_rows import parse_preferences

_MAX_REMEMBERED = 1_024
"""Sets of labels whose stored form is kept: they repeat from send to send."""

_ENSURE = """
WITH asked AS (
    SELECT * FROM unnest($1::bytea[], $2::text[], $3::text[]) AS a (inbox_id, tenant, recipient_id) ORDER BY
    inbox_id
), recipients AS (
    INSERT INTO recipient (inbox_id, tenant, recipient_id) SELECT * FROM asked ON CONFLICT DO NOTHING
)
INSERT INTO inbox (inbox_id, tenant, recipient_id, epoch)
SELECT a.*, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint FROM asked AS a ON CONFLICT DO NOTHING
"""

USABLE_ENDPOINT = "e.retire_time IS NULL AND e.verification <> 3"
"""Of an endpoint `e`: something may go there. 3 is `Verification.FAILED`."""

STATE_COLUMNS = "i.epoch, i.version, i.floor_version, i.total, i.unread, i.unseen, i.archived"

_READ = f"""
SELECT i.inbox_id, i.recipient_id, {STATE_COLUMNS}, p.document, clock_timestamp() AS now,
    (SELECT array_agg(e.endpoint_id ORDER BY e.create_time, e.endpoint_id) FROM endpoint e
     WHERE e.inbox_id = i.inbox_id AND {USABLE_ENDPOINT}) AS endpoints
FROM inbox i LEFT JOIN preference p ON p.inbox_id = i.inbox_id
WHERE i.inbox_id = ANY ($1::bytea[]) ORDER BY i.inbox_id
"""
_LOCK = _READ + " FOR UPDATE OF i"
_FIND_LOCKED = """
WITH free AS (SELECT inbox_id FROM inbox WHERE inbox_id = ANY ($1::bytea[]) FOR UPDATE SKIP LOCKED)
SELECT inbox_id FROM inbox WHERE inbox_id = ANY ($1::bytea[]) AND inbox_id NOT IN (SELECT inbox_id FROM free)
"""

_LOCK_ONE = f"SELECT {STATE_COLUMNS} FROM inbox i WHERE i.inbox_id = $1 FOR UPDATE"
_STATE = f"SELECT {STATE_COLUMNS} FROM inbox i WHERE i.inbox_id = $1"

_MOVE_ON = """
UPDATE inbox i SET version = m.version, total = m.total, unread = m.unread, unseen = m.unseen, archived =
m.archived
FROM unnest($1::bytea[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[])
    AS m (inbox_id, version, total, unread, unseen, archived)
WHERE i.inbox_id = m.inbox_id
"""

_ADD_COUNTERS = """
INSERT INTO inbox_counter AS c (inbox_id, type, category, priority, total, unread, unseen, archived)
SELECT * FROM unnest(
    $1::bytea[], $2::text[], $3::text[], $4::smallint[], $5::bigint[], $6::bigint[], $7::bigint[],
    $8::bigint[]
)
ON CONFLICT (inbox_id, type, category, priority) DO UPDATE SET total = c.total + excluded.total,
    unread = c.unread + excluded.unread, unseen = c.unseen + excluded.unseen,
    archived = c.archived + excluded.archived
"""


@dataclass(frozen=True, slots=True)
class OpenInbox:
    """An inbox with what decisions need, read at `now` by the clock of the database."""

    recipient_id: str
    state: InboxState
    preferences: Preferences
    endpoints: tuple[bytes, ...]
    """Ids; the first byte is the channel."""
    now: datetime

    @property
    def reachable(self) -> frozenset[int]:
        """The numbers of the channels that there is an endpoint for."""
        return frozenset([endpoint[0] for endpoint in self.endpoints])


CounterKey = tuple[bytes, str, str, int]
"""inbox_id, type, category, priority."""


async def ensure_inboxes(database: Database, addresses: Collection[InboxAddress]) -> None:
    """Makes the recipients and inboxes that do not exist yet, in a transaction of its own."""
    await database.transaction(lambda connection: make_inboxes(connection, addresses))


async def make_inboxes(connection: Connection, addresses: Collection[InboxAddress]) -> None:
    """Makes the recipients and inboxes that do not exist yet, as a part of a transaction."""
    ordered = sorted(addresses, key=lambda address: address.inbox_id)
    await connection.execute(
        _ENSURE,
        [address.inbox_id for address in ordered],
        [address.tenant for address in ordered],
        [address.recipient_id for address in ordered],
    )


async def read_inboxes(connection: Connection, inbox_ids: Collection[bytes]) -> dict[bytes, OpenInbox]:
    """Those that exist, as they stand, not locked."""
    rows = await connection.fetch(_READ, list(inbox_ids))
    return {row["inbox_id"]: _open_inbox(row) for row in rows}


async def lock_inboxes(connection: Connection, inbox_ids: Collection[bytes]) -> dict[bytes, OpenInbox]:
    """Those that exist, locked in key order until the transaction ends."""
    rows = await connection.fetch(_LOCK, list(inbox_ids))
    return {row["inbox_id"]: _open_inbox(row) for row in rows}


async def find_locked(database: Database, inbox_ids: Collection[bytes]) -> set[bytes]:
    """Those that somebody else has locked at the moment."""
    return {row["inbox_id"] for row in await database.fetch(_FIND_LOCKED, list(inbox_ids))}


async def lock_inbox(connection: Connection, inbox_id: bytes) -> InboxState | None:
    """One inbox, locked until the transaction ends; None where there is none."""
    row = await connection.fetchrow(_LOCK_ONE, inbox_id)
    return read_state(row) if row else None


async def fetch_state(connection: Connection, inbox_id: bytes) -> InboxState | None:
    """One inbox as it stands, not locked; None where there is none."""
    row = await connection.fetchrow(_STATE, inbox_id)
    return read_state(row) if row else None


async def move_on(connection: Connection, states: Mapping[bytes, InboxState]) -> None:
    """Writes the new versions and counters of inboxes that the transaction has locked."""
    rows = [
        (inbox_id, s.version, s.counts.total, s.counts.unread, s.counts.unseen, s.counts.archived)
        for inbox_id, s in states.items()
    ]
    await connection.execute(_MOVE_ON, *(column(rows, index) for index in range(6)))


async def add_counters(connection: Connection, deltas: Iterable[tuple[CounterKey, Counts]]) -> None:
    """Adds to the counters by type, category and priority of inboxes that the transaction has locked."""
    rows = counter_rows(deltas)
    if rows:
        await connection.execute(_ADD_COUNTERS, *(column(rows, index) for index in range(8)))


def counter_rows(deltas: Iterable[tuple[CounterKey, Counts]]) -> Sequence[tuple[object, ...]]:
    """One row per key: a statement may not touch a row twice."""
    sums: defaultdict[CounterKey, Counts] = defaultdict(Counts)
    for key, delta in deltas:
        sums[key] += delta
    return [
        (*key, delta.total, delta.unread, delta.unseen, delta.archived)
        for key, delta in sorted(sums.items())
        if delta != Counts()
    ]


def read_state(row: Record) -> InboxState:
    """The state of a row that has its columns."""
    counts = Counts(row["total"], row["unread"], row["unseen"], row["archived"])
    return InboxState(row["epoch"], row["version"], row["floor_version"], counts)


def _open_inbox(row: Record) -> OpenInbox:
    # In the order of `_READ`: a batch reads hundreds, and by name each value costs a look-up.
    _, recipient_id, epoch, version, floor_version, *counts, document, now, endpoints = row
    state = InboxState(epoch, version, floor_version, Counts(*counts))
    return OpenInbox(recipient_id, state, parse_preferences(document), tuple(endpoints or ()), now)


def dump_labels(labels: Mapping[str, str] | None) -> str | None:
    """The stored form; none are null."""
    return _dump_items(tuple(labels.items())) if labels else None


@lru_cache(_MAX_REMEMBERED)
def _dump_items(items: tuple[tuple[str, str], ...]) -> str:
    return json.dumps(dict(items))
