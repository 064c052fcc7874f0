"""A broadcast on its way: claimed under a lease, moved on with each chunk that is written.

Whoever holds the fence may move it on. Position and counts change in the transaction that writes the chunk's
notifications, so both are there or neither.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from carillon_server.domain.broadcast import BroadcastState
from carillon_server.domain.channel import Channel
from carillon_server.domain.ids import BroadcastId
from carillon_server.domain.topic import TopicMember
from carillon_server.storage.database import Connection, Database, column

# Tenants take turns: those served longest ago first, those never served before them.
_CLAIM = """
WITH due AS (
    SELECT broadcast_id FROM broadcast WHERE state <= 2 AND due_time <= now()
    ORDER BY array_position($2::text[], tenant) NULLS FIRST, due_time LIMIT 1 FOR UPDATE SKIP LOCKED
)
UPDATE broadcast b SET state = 2, fence = fence + 1, due_time = now() + $1 * interval '1 second'
FROM due WHERE b.broadcast_id = due.broadcast_id
RETURNING b.broadcast_id, b.tenant, b.sender, b.topic, b.request, b.request_trace, b.position, b.fence,
    b.create_time
"""

_MEMBERS = """
SELECT recipient_id, condition, now() AS now FROM topic_member
WHERE tenant = $1 AND topic = $2 AND recipient_id > $3 AND create_time <= $4
ORDER BY recipient_id LIMIT $5
"""
_EVERYONE = """
SELECT recipient_id, '' AS condition, now() AS now FROM recipient
WHERE tenant = $1 AND recipient_id COLLATE "C" > $2 AND create_time <= $3
ORDER BY recipient_id COLLATE "C" LIMIT $4
"""
_STILL_MEMBERS = """
SELECT recipient_id FROM topic_member
WHERE tenant = $1 AND topic = $2 AND recipient_id = ANY ($3::text[])
"""

_CONTENTS = "SELECT variant, payload, parts FROM broadcast_content WHERE broadcast_id = $1"
_PUT_CONTENTS = """
INSERT INTO broadcast_content (broadcast_id, variant, key, payload, parts)
SELECT $1, * FROM unnest($2::int[], $3::text[], $4::bytea[], $5::jsonb[])
"""

_ADVANCE = """
UPDATE broadcast SET position = $3, processed_count = processed_count + $4,
    notified_count = notified_count + $5, failed_count = failed_count + $6,
    failure = CASE WHEN failure = '' THEN $7 ELSE failure END, start_time = coalesce(start_time, now()),
    fault_count = 0, due_time = now() + $8 * interval '1 second'
WHERE broadcast_id = $1 AND fence = $2 AND state = 2
"""
_HAND_BACK = "UPDATE broadcast SET due_time = now() WHERE broadcast_id = $1 AND fence = $2 AND state = 2"
_COUNT_FAULT = """
UPDATE broadcast SET fault_count = fault_count + 1,
    due_time = now() + least($3 * 2.0 ^ fault_count, $4) * interval '1 second'
WHERE broadcast_id = $1 AND fence = $2 AND state = 2 RETURNING fault_count
"""
# What only the fan-out needs is not kept: it names people.
_FINISH = """
UPDATE broadcast SET state = $3, finish_time = now(), due_time = now(), position = '', request = '',
    failure = CASE WHEN $4 = '' THEN failure ELSE $4 END
WHERE broadcast_id = $1 AND fence = $2 AND state = 2
"""


@dataclass(frozen=True, slots=True)
class ClaimedBroadcast:
    """One that this worker moves on, until its lease ends."""

    id: BroadcastId
    tenant: str
    sender: str
    topic: str
    draft: bytes
    request_trace: str
    position: str
    """The last recipient that it came to; empty: none yet."""
    fence: int
    create_time: datetime


@dataclass(frozen=True, slots=True)
class StoredContent:
    """One variant, as it is kept for all that share it."""

    variant: int
    key: str
    payload: bytes
    parts: str
    """JSON: channel number to part names to texts."""


@dataclass(frozen=True, slots=True)
class Step:
    """How far a chunk takes a broadcast."""

    position: str
    processed: int
    notified: int
    failed: int
    failure: str = ""


async def claim_broadcast(
    database: Database, lease_seconds: float, served: Sequence[str]
) -> ClaimedBroadcast | None:
    """One that is due, or None. `served`: tenants in the order of their last turns, the longest ago first."""
    row = await database.fetchrow(_CLAIM, lease_seconds, list(served))
    if row is None:
        return None
    return ClaimedBroadcast(
        BroadcastId(row["broadcast_id"]),
        row["tenant"],
        row["sender"],
        row["topic"],
        row["request"],
        row["request_trace"],
        row["position"],
        row["fence"],
        row["create_time"],
    )


async def fetch_chunk(
    database: Database, claimed: ClaimedBroadcast, position: str, limit: int
) -> tuple[list[TopicMember], datetime | None]:
    """The next ones by id of those who were there when it was sent, and the time by the database's clock;
    None where nobody is left.
    """
    if claimed.topic:
        place = (claimed.tenant, claimed.topic, position, claimed.create_time, limit)
        rows = await database.fetch(_MEMBERS, *place)
    else:
        rows = await database.fetch(_EVERYONE, claimed.tenant, position, claimed.create_time, limit)
    members = [TopicMember(row["recipient_id"], row["condition"]) for row in rows]
    return members, rows[0]["now"] if rows else None


async def find_still_members(
    connection: Connection, claimed: ClaimedBroadcast, recipient_ids: Collection[str]
) -> set[str]:
    """Of these, who has not left the topic."""
    rows = await connection.fetch(_STILL_MEMBERS, claimed.tenant, claimed.topic, list(recipient_ids))
    return {row["recipient_id"] for row in rows}


async def fetch_contents(database: Database, id_: BroadcastId) -> list[StoredContent]:
    """What is kept of it so far."""
    rows = await database.fetch(_CONTENTS, id_.raw)
    return [
        StoredContent(row["variant"], "", row["payload"], dump_parts(load_stored_parts(row["parts"])))
        for row in rows
    ]


async def put_contents(connection: Connection, id_: BroadcastId, contents: Sequence[StoredContent]) -> None:
    """Keeps new variants."""
    rows = [(each.variant, each.key, each.payload, each.parts) for each in contents]
    await connection.execute(_PUT_CONTENTS, id_.raw, *(column(rows, index) for index in range(4)))


async def advance(
    connection: Connection, claimed: ClaimedBroadcast, step: Step, lease_seconds: float
) -> bool:
    """Moves it on and renews the lease. False: it was called off, or somebody else has it; then nothing of
    the transaction may stay.
    """
    status = await connection.execute(
        _ADVANCE,
        claimed.id.raw,
        claimed.fence,
        step.position,
        step.processed,
        step.notified,
        step.failed,
        step.failure,
        lease_seconds,
    )
    return bool(status == "UPDATE 1")


async def hand_back(database: Database, claimed: ClaimedBroadcast) -> None:
    """Anybody may go on with it at once."""
    async with database.connection() as connection:
        await connection.execute(_HAND_BACK, claimed.id.raw, claimed.fence)


async def count_fault(
    database: Database, claimed: ClaimedBroadcast, first_seconds: float, longest_seconds: float
) -> int | None:
    """Puts it off, twice as long for each fault since it last moved on; how many there were, None where it
    was called off, or somebody else has it.
    """
    async with database.connection() as connection:
        faults = await connection.fetchval(
            _COUNT_FAULT, claimed.id.raw, claimed.fence, first_seconds, longest_seconds
        )
    return None if faults is None else int(faults)


async def finish(
    database: Database, claimed: ClaimedBroadcast, state: BroadcastState, failure: str = ""
) -> bool:
    """Ends it. False: it was called off, or somebody else has it."""
    async with database.connection() as connection:
        status = await connection.execute(_FINISH, claimed.id.raw, claimed.fence, int(state), failure)
    return bool(status == "UPDATE 1")


def dump_parts(parts: Mapping[Channel, Mapping[str, str]]) -> str:
    """As it is stored; the same parts give the same text."""
    return json.dumps({int(channel): dict(said) for channel, said in parts.items()}, sort_keys=True)


def load_stored_parts(stored: str) -> dict[Channel, Mapping[str, str]]:
    """The inverse of `dump_parts`."""
    return {Channel(int(number)): said for number, said in json.loads(stored).items()}
