"""Deliveries and their numbers."""

from __future__ import annotations

from collections.abc import Iterator

from tests.transport.requests import DELIVERY_ID, NOTIFICATION_ID
from tests.transport.rows.base import DAY_SECONDS, LINE_FEED, NUL, YEAR_10000, Row, at, line, sizes

_PENDING = (1, 2, 3, 4)


def delivery_rows() -> Iterator[Row]:
    for rpc in ("ListDeliveries", "RedriveDeliveries"):
        yield from _filter(rpc)
    yield from sizes("ListDeliveries", "page_size")
    yield from sizes("RedriveDeliveries", "max_count")
    for state in _PENDING:
        yield Row("RedriveDeliveries", at("filter.states", [5, state]), "filter.states[1]")
    for rpc in ("GetDelivery", "RetryDelivery", "CancelDelivery"):
        yield Row(rpc, {"id": DELIVERY_ID})
        for id_ in ("", "x" * 101, NUL):
            yield Row(rpc, {"id": id_}, "id")
    yield Row("ExplainNotification", {"id": NOTIFICATION_ID})
    for id_ in ("", "x" * 101, LINE_FEED):
        yield Row("ExplainNotification", {"id": id_}, "id")
    yield from _stats()


def _filter(rpc: str) -> Iterator[Row]:
    yield Row(rpc, at("filter.states", [5, 6, 7, 8] * 2))
    yield Row(rpc, at("filter.states", [5] * 9), "filter.states")
    for number in (0, 9):
        yield Row(rpc, at("filter.states", [5, number]), "filter.states[1]")
    yield Row(rpc, at("filter.channels", [1, 2, 3, 4, 5, 6]))
    yield Row(rpc, at("filter.channels", [2] * 11), "filter.channels")
    for number in (0, 7):
        yield Row(rpc, at("filter.channels", [number]), "filter.channels[0]")
    yield Row(rpc, at("filter.types", ["a.b"] * 50))
    yield Row(rpc, at("filter.types", ["a.b"] * 51), "filter.types")
    for type_ in ("", "a b", "x" * 101):
        yield Row(rpc, at("filter.types", [type_]), "filter.types[0]")
    for field, most in (("providers", 64), ("finish_reasons", 100)):
        yield Row(rpc, at(f"filter.{field}", ["x" * most] * 50))
        yield Row(rpc, at(f"filter.{field}", ["x"] * 51), f"filter.{field}")
        for text in ("", "x" * (most + 1), NUL):
            yield Row(rpc, at(f"filter.{field}", [text]), f"filter.{field}[0]")
    yield from line(rpc, "filter.recipient_id", 200)
    for field in ("start_time", "end_time"):
        for time in (YEAR_10000, {"nanos": -1}):
            yield Row(rpc, at(f"filter.{field}", time), f"filter.{field}")
    for start, end, field in ((1, 2, None), (2, 2, "filter.end_time"), (2, 1, "filter.end_time")):
        changes = {"start_time": {"seconds": start}, "end_time": {"seconds": end}}
        yield Row(rpc, {"filter": changes}, field)


def _stats() -> Iterator[Row]:
    rpc, start = "GetStats", 1_800_000_000
    for days, field in ((92, None), (93, "end_time"), (0, "end_time"), (-1, "end_time")):
        end = {"seconds": start + days * DAY_SECONDS}
        yield Row(rpc, {"start_time": {"seconds": start}, "end_time": end}, field)
    for field in ("start_time", "end_time"):
        yield Row(rpc, {field: None}, field)
        yield Row(rpc, {field: YEAR_10000}, field)
    yield Row(rpc, {"group_by": [1, 2, 3], "bucket": 1})
    yield Row(rpc, {"group_by": [1, 2, 1]}, "group_by[2]")
    yield Row(rpc, {"group_by": [1, 2, 3, 1]}, "group_by")
    for number in (0, 4):
        yield Row(rpc, {"group_by": [number]}, "group_by[0]")
    yield Row(rpc, {"bucket": 3}, "bucket")
