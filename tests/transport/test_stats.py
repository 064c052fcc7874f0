"""Numbers, over the socket: each counts what it says."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from typing import Any

import pytest

from carillon.v1 import delivery_service_pb2 as pb
from carillon.v1 import notification_service_pb2 as notifications
from carillon_server.domain.delivery import DeliveryState
from carillon_server.domain.identity import Role
from tests.running import Issuer
from tests.transport.outbox import Outbox, open_outbox
from tests.transport.requests import build

_EMAIL, _IN_APP = 2, 1


@pytest.fixture
async def outbox(postgres_url: str, redis_url: str, issuer: Issuer) -> AsyncIterator[Outbox]:
    async with open_outbox(postgres_url, redis_url, issuer) as outbox:
        yield outbox


def _request(**fields: Any) -> pb.GetStatsRequest:
    now = int(time.time())
    return pb.GetStatsRequest(start_time={"seconds": now - 3_600}, end_time={"seconds": now + 60}, **fields)


async def _rows(outbox: Outbox, **fields: Any) -> list[pb.Stats]:
    return list((await outbox.operator.call("GetStats", _request(**fields))).rows)


async def _fill(outbox: Outbox) -> None:
    """Five mails of every fate, one without an address, one read."""
    ids = await outbox.send("a", "b", "c", "d", "e")
    await outbox.end(ids[0], DeliveryState.DELIVERED)
    await outbox.change(ids[0], "open_time = now(), click_time = now()")
    await outbox.end(ids[1], DeliveryState.EXHAUSTED, "timeout", "backup")
    await outbox.end(ids[2], DeliveryState.REJECTED, "smtp_554")
    await outbox.end(ids[3], DeliveryState.UNKNOWN, "timeout")
    await outbox.house.producer.call("Send", build("Send", {"recipient_ids": ["f"], "type": "a.b"}))
    await outbox.house.user("a").call("MarkRead", notifications.MarkReadRequest(all=True))


def _numbers(row: pb.Stats) -> tuple[int, ...]:
    return (
        row.sent_count,
        row.delivered_count,
        row.failed_count,
        row.suppressed_count,
        row.opened_count,
        row.clicked_count,
        row.read_count,
    )


async def test_each_number_counts_what_it_says(outbox: Outbox) -> None:
    await _fill(outbox)
    by_channel = {row.channel: _numbers(row) for row in await _rows(outbox, group_by=[2])}
    assert by_channel == {_EMAIL: (5, 1, 2, 1, 1, 1, 0), _IN_APP: (6, 6, 0, 0, 0, 0, 1)}
    (together,) = await _rows(outbox)
    assert _numbers(together) == (11, 7, 2, 1, 1, 1, 1)


async def test_groups_are_those_asked_for(outbox: Outbox) -> None:
    await _fill(outbox)
    by_type = {row.type: row.sent_count for row in await _rows(outbox, group_by=[1])}
    assert by_type == {"scan.completed": 10, "a.b": 1}
    by_provider = {row.provider: row.failed_count for row in await _rows(outbox, group_by=[3])}
    assert by_provider == {"": 0, "mail": 1, "backup": 1}
    rows = await _rows(outbox, group_by=[1, 2, 3])
    keys = [(row.type, row.channel, row.provider) for row in rows]
    assert keys == sorted(set(keys))


async def test_buckets_begin_at_their_hour_or_day(outbox: Outbox) -> None:
    (early, late) = await outbox.send("a", "b")
    await outbox.execute("DELETE FROM notification")
    await outbox.change(early, "create_time = '2026-03-01T10:59:59Z'")
    await outbox.change(late, "create_time = '2026-03-01T11:00:00Z'")
    whole = {"start_time": {"seconds": 1_772_352_000}, "end_time": {"seconds": 1_772_452_000}}
    for bucket, starts in ((1, [1_772_359_200, 1_772_362_800]), (2, [1_772_323_200])):
        answer = await outbox.operator.call("GetStats", pb.GetStatsRequest(bucket=bucket, **whole))
        assert [row.start_time.seconds for row in answer.rows] == starts


async def test_numbers_of_another_tenant_are_not_counted(outbox: Outbox) -> None:
    await _fill(outbox)
    stranger = outbox.house.caller(Role.OPERATOR, subject="root", tenant="umbrella")
    assert not (await stranger.call("GetStats", _request())).rows
