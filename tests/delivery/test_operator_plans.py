"""What operators ask reads by an index, however much is there: the plans say so."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from carillon_server.domain.delivery import DeliveryState
from carillon_server.domain.delivery_query import DeliveryFilter, DeliveryPlace
from carillon_server.domain.ids import DeliveryId
from carillon_server.storage.database import Connection
from carillon_server.storage.delivery_reads import compose_page
from carillon_server.storage.redrive import compose_count, compose_redrive
from tests.delivery.house import TENANT, House

_COUNT = 20_000
_FILL = f"""
INSERT INTO delivery (inbox_id, seq, ordinal, endpoint_id, state, next_attempt_time, create_time, tenant)
SELECT sha256(n::text::bytea), 1, 0, '\\x02', CASE WHEN n % 100 = 0 THEN 5 ELSE 4 END, now(),
    now() - n * interval '1 second', CASE WHEN n % 4 = 0 THEN '{TENANT}' ELSE 'other' END
FROM generate_series(1, {_COUNT}) AS n
"""
_FILL_OTHERS = [
    """INSERT INTO notification (inbox_id, seq, change_version, position, stage, type, category, priority,
        thread_key, collapse_key, actor_id, channels, sender, payload, decisions, create_time, deliver_time)
    SELECT inbox_id, 1, 1, 1, 1, 't', '', 2, '', '', '', '', 's', '', '\\x010102', create_time, create_time
    FROM delivery""",
    """INSERT INTO inbox (inbox_id, tenant, recipient_id, epoch)
    SELECT inbox_id, tenant, encode(inbox_id, 'hex'), 1 FROM delivery""",
    "INSERT INTO endpoint (inbox_id, endpoint_id, address) SELECT inbox_id, endpoint_id, '' FROM delivery",
]
_EXHAUSTED = DeliveryFilter(states=(DeliveryState.EXHAUSTED,))
_MIDDLE = DeliveryPlace(datetime.now(UTC), DeliveryId(bytes(16), 1, 0))


async def _steps(connection: Connection, sql: str, arguments: list[object]) -> list[dict[str, Any]]:
    (row,) = await connection.fetch(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", *arguments)
    return list(_nodes(json.loads(row[0])[0]["Plan"]))


def _nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for child in node.get("Plans", ()):
        yield from _nodes(child)


@pytest.fixture
async def full(house: House) -> House:
    await house.database.fetch(_FILL)
    for statement in _FILL_OTHERS:
        await house.database.fetch(statement)
    await house.database.fetch("ANALYZE")
    return house


def _assert_bounded(steps: list[dict[str, Any]], index: str, most_rows: int) -> None:
    assert "Seq Scan" not in {step["Node Type"] for step in steps}
    assert index in {step.get("Index Name") for step in steps}
    assert max(step["Actual Rows"] for step in steps) <= most_rows


@pytest.mark.parametrize(
    ("query", "place", "index"),
    [
        (DeliveryFilter(), None, "delivery_by_tenant"),
        (DeliveryFilter(), _MIDDLE, "delivery_by_tenant"),
        (_EXHAUSTED, None, "delivery_failed"),
        (DeliveryFilter(recipient_id="ada"), None, "delivery_pkey"),
    ],
)
async def test_a_page_reads_little_more_than_it_shows(
    full: House, query: DeliveryFilter, place: DeliveryPlace | None, index: str
) -> None:
    async with full.database.connection() as connection:
        steps = await _steps(connection, *compose_page(TENANT, query, place, 21))
    _assert_bounded(steps, index, 21)


async def test_a_redrive_reads_only_what_failed(full: House) -> None:
    failed = _COUNT // 100
    async with full.database.connection() as connection:
        counted = await _steps(connection, *compose_count(TENANT, _EXHAUSTED, None, 10_000))
        steps = await _steps(connection, *compose_redrive(TENANT, _EXHAUSTED, None, 50))
    _assert_bounded(counted, "delivery_failed", failed)
    _assert_bounded(steps, "delivery_failed", 50)
