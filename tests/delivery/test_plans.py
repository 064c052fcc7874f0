"""The sweeps read what is due by an index, however much is waiting: the plans say so."""

from __future__ import annotations

import json
from collections.abc import Iterator
from hashlib import sha256
from typing import Any

import pytest

from carillon_server.domain.lane import Lane
from carillon_server.storage.database import Connection
from carillon_server.storage.deliveries import LOCK_DUE, LOCK_SUSPECTS
from carillon_server.storage.provider_events import FIND_DELIVERY, FIND_NAMED, FIND_PENDING
from carillon_server.storage.retention import FIND_RETAINED
from carillon_server.storage.schedule import FIND_EXPIRED, FIND_SCHEDULED, FIND_TOMBSTONES
from tests.delivery.house import House

# Of each ten, one is due, one is held in reserve, one waits for its time, one is under a lease; each lane has
# its share of all, and so have five hundred tenants.
_FILL = """
INSERT INTO delivery (inbox_id, seq, ordinal, endpoint_id, state, next_attempt_time, create_time, tenant,
    lane)
SELECT sha256(n::text::bytea), 1, 0, '\\x02',
    CASE n % 10 WHEN 0 THEN 1 WHEN 1 THEN 1 WHEN 2 THEN 3 WHEN 3 THEN 2
    ELSE 4 END,
    CASE n % 10 WHEN 1 THEN 'infinity' WHEN 2 THEN now() + n * interval '1 second'
    WHEN 3 THEN now() + interval '15 seconds' ELSE now() - n * interval '1 second' END,
    now(), 'tenant-' || n % 500, n % 20 / 10
FROM generate_series(1, 20000) AS n
"""
_LOSE_SOME = """
UPDATE delivery SET next_attempt_time = now() - interval '1 minute' WHERE state = 2 AND seq = 1 AND
    get_byte(inbox_id, 0) < 16
"""
_FILL_NOTIFICATIONS = """
INSERT INTO notification (inbox_id, seq, change_version, position, stage, type, category, priority,
    thread_key, collapse_key, actor_id, channels, sender, payload, decisions, create_time, deliver_time,
    expire_time, remove_time, retain_time, pin_time)
SELECT sha256(n::text::bytea), 1, 1, 1, CASE WHEN n % 50 = 0 THEN 0 WHEN n % 51 = 0 THEN 3 ELSE 1 END,
    't', '', 2, '', '', '', '', 's', '', '', now(), now(), CASE WHEN n % 10 = 0 THEN now() END, now(),
    now() + CASE WHEN n % 5 = 0 THEN interval '0' WHEN n % 5 = 1 THEN interval '1 day' END,
    CASE WHEN n % 10 = 0 THEN now() END
FROM generate_series(1, 20000) AS n
"""
_FILL_OTHERS = [
    """INSERT INTO recipient (inbox_id, tenant, recipient_id)
    SELECT inbox_id, 'a', encode(inbox_id, 'hex') FROM delivery""",
    "INSERT INTO endpoint (inbox_id, endpoint_id, address) SELECT inbox_id, endpoint_id, '' FROM delivery",
    "INSERT INTO preference SELECT inbox_id, '{}', now() FROM delivery",
    """INSERT INTO notification_part SELECT inbox_id, seq, channel, '{}'
    FROM delivery, generate_series(2, 4) AS channel""",
    "INSERT INTO broadcast_content SELECT inbox_id, 0, '', '', '{}' FROM delivery",
]


async def plan(connection: Connection, sql: str, *arguments: object) -> dict[str, Any]:
    (row,) = await connection.fetch(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", *arguments)
    found: dict[str, Any] = json.loads(row[0])[0]["Plan"]
    return found


def nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for child in node.get("Plans", ()):
        yield from nodes(child)


@pytest.fixture
async def full(house: House) -> House:
    """With many rows of which few are due."""
    await house.database.fetch(_FILL)
    await house.database.fetch(_FILL_NOTIFICATIONS)
    for statement in _FILL_OTHERS:
        await house.database.fetch(statement)
    await house.database.fetch("ANALYZE")
    return house


@pytest.mark.parametrize(
    ("sql", "arguments", "index"),
    [
        (LOCK_DUE, (20, int(Lane.URGENT)), "delivery_due_in_lane"),
        (LOCK_DUE, (20, int(Lane.BULK)), "delivery_due_in_lane"),
        (LOCK_SUSPECTS, (20,), "delivery_leased"),
    ],
    ids=["urgent", "bulk", "suspects"],
)
async def test_a_claim_reads_only_what_it_takes(
    full: House, sql: str, arguments: tuple[int, ...], index: str
) -> None:
    """Neither what waits, is held in reserve or under a lease, nor the other lane."""
    await full.database.fetch(_LOSE_SOME)
    async with full.database.connection() as connection:
        steps = list(nodes(await plan(connection, sql, *arguments)))
    assert [s["Index Name"] for s in steps if s.get("Relation Name") == "delivery"] == [index]
    assert "Seq Scan" not in {step["Node Type"] for step in steps}
    assert not [s for s in steps if s["Node Type"] == "Sort" and s["Actual Rows"] > 20]
    assert max(step["Actual Rows"] for step in steps) == 20
    # Only leases that ended are passed over on the way, and there are never many.
    assert max(step.get("Rows Removed by Filter", 0) for step in steps) <= 200


async def test_looking_for_suspects_where_there_are_none_reads_nothing(full: House) -> None:
    async with full.database.connection() as connection:
        steps = list(nodes(await plan(connection, LOCK_SUSPECTS, 20)))
    assert max(step["Actual Rows"] for step in steps) == 0
    assert max(step.get("Rows Removed by Filter", 0) for step in steps) == 0


async def test_a_claim_reads_by_index_before_there_are_statistics(house: House) -> None:
    await house.database.fetch(_FILL)
    async with house.database.connection() as connection:
        steps = list(nodes(await plan(connection, LOCK_DUE, 20, int(Lane.BULK))))
    assert "delivery_due_in_lane" in {step.get("Index Name") for step in steps}
    assert max(step["Actual Rows"] for step in steps) <= 20


@pytest.mark.parametrize(
    ("sql", "arguments", "index"),
    [
        (FIND_SCHEDULED, (20,), "notification_scheduled"),
        (FIND_EXPIRED, (20,), "notification_expiring"),
        (FIND_TOMBSTONES, (20, -1.0), "notification_removed"),
        (FIND_RETAINED, (20,), "notification_retained"),
    ],
)
async def test_sweeps_of_notifications_read_only_what_they_take(
    full: House, sql: str, arguments: tuple[object, ...], index: str
) -> None:
    async with full.database.connection() as connection:
        steps = list(nodes(await plan(connection, sql, *arguments)))
    assert index in {step.get("Index Name") for step in steps}
    assert max(step["Actual Rows"] for step in steps) <= 20


async def test_retention_with_nothing_due_reads_nothing(full: House) -> None:
    """Neither what is kept for longer nor what is pinned."""
    await full.database.fetch(
        "UPDATE notification SET retain_time = now() + interval '1 day' WHERE pin_time IS NULL"
    )
    async with full.database.connection() as connection:
        steps = list(nodes(await plan(connection, FIND_RETAINED, 20)))
    assert "notification_retained" in {step.get("Index Name") for step in steps}
    assert max(step["Actual Rows"] for step in steps) == 0
    assert max(step.get("Rows Removed by Filter", 0) for step in steps) == 0


_FILL_EVENTS = """
INSERT INTO provider_event (tenant, provider, event_id, provider_message_id, kind, event_time, applied,
    pending)
SELECT 'acme', 'twilio', n, 'SM' || n, 'delivered', now(), false, n % 1000 = 0
FROM generate_series(1, 20_000) AS n
"""
_FILL_ATTEMPTS = """
INSERT INTO attempt (inbox_id, seq, ordinal, number, provider, start_time, provider_message_id)
SELECT sha256(n::text::bytea), 1, 0, 1, 'twilio', now(), CASE WHEN n % 2 = 0 THEN 'SM' || n ELSE '' END
FROM generate_series(1, 20_000) AS n
"""


@pytest.mark.parametrize(
    ("sql", "arguments", "indexes"),
    [
        (FIND_DELIVERY, ("acme", "twilio", "SM1000"), {"attempt_by_message", "delivery_pkey"}),
        (
            FIND_PENDING,
            (3600.0, 50),
            {"provider_event_pending", "attempt_by_message", "delivery_pkey"},
        ),
        (
            FIND_NAMED,
            ("acme", "twilio", sha256(b"7").digest(), 1, 0),
            {"attempt_pkey", "delivery_pkey"},
        ),
    ],
)
async def test_events_find_their_deliveries_by_lookups(
    full: House, sql: str, arguments: tuple[object, ...], indexes: set[str]
) -> None:
    async with full.database.connection() as connection:
        await connection.execute(_FILL_ATTEMPTS)
        await connection.execute(_FILL_EVENTS)
        await connection.execute("ANALYZE attempt, provider_event")
        steps = list(nodes(await plan(connection, sql, *arguments)))
    assert {step["Index Name"] for step in steps if "Index Name" in step} == indexes
    assert "Seq Scan" not in {step["Node Type"] for step in steps}
