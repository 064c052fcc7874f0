"""What is done with an inbox."""

from __future__ import annotations

from collections.abc import Iterator

from tests.transport.requests import MARKS, NOTIFICATION_ID, VALID
from tests.transport.rows.base import (
    NUL,
    YEAR_0,
    YEAR_10000,
    Row,
    at,
    labels,
    line,
    sizes,
)
from tests.transport.rpcs import request_type


def inbox_rows() -> Iterator[Row]:
    yield from _recipient_ids()
    yield from _ids()
    yield from _inboxes()
    yield from _cancels()


def _recipient_ids() -> Iterator[Row]:
    for rpc in VALID:
        if "recipient_id" in request_type(rpc).DESCRIPTOR.fields_by_name:
            yield from line(rpc, "recipient_id", 200)


def _ids() -> Iterator[Row]:
    for rpc in ("Get", "RecordAction", "DeleteEndpoint"):
        yield from line(rpc, "id", 100, required=True)
    yield from line("RecordAction", "action_id", 64, required=True)
    for rpc in (*MARKS, "Reconcile", "Cancel"):
        only_ids = {"all": None} if rpc in MARKS else {}
        yield Row(rpc, {"ids": [NOTIFICATION_ID] * 1_000, **only_ids})
        yield Row(rpc, {"ids": [NOTIFICATION_ID] * 1_001, **only_ids}, "ids")
        for id_ in ("", "x" * 101, NUL):
            yield Row(rpc, {"ids": [NOTIFICATION_ID, id_], **only_ids}, "ids[1]")


def _inboxes() -> Iterator[Row]:
    yield from sizes("List", "page_size")
    yield from sizes("Subscribe", "snapshot_size")
    for rpc in ("List", *MARKS):
        yield from _filters(rpc)
    for rpc in MARKS:
        yield Row(rpc, {"all": None}, "ids")
        yield Row(rpc, {"ids": [NOTIFICATION_ID]}, "ids")
        yield Row(rpc, {"all": None, "ids": [NOTIFICATION_ID], "filter": {"category": "x"}}, "filter")
        yield Row(rpc, {"all": None, "ids": [NOTIFICATION_ID], "until_cursor": "x"}, "until_cursor")
    for field, value in (("unread", True), ("start_time", {}), ("end_time", {})):
        yield Row("Subscribe", at(f"filter.{field}", value), f"filter.{field}")
    for rpc in ("Subscribe", "Ack"):
        yield Row(rpc, {"device_id": "~" * 128})
        for device_id in ("x" * 129, "é", "a\nb"):
            yield Row(rpc, {"device_id": device_id}, "device_id")
    yield Row("Ack", {"device_id": None}, "device_id")
    yield Row("Ack", {"cursor": None}, "cursor")
    for span in ({}, {"seconds": 315_576_000_000}):
        yield Row("Subscribe", {"heartbeat": span})
    for span in ({"seconds": -1}, {"nanos": -1}, {"nanos": 10**9}, {"seconds": 315_576_000_001}):
        yield Row("Subscribe", {"heartbeat": span}, "heartbeat")


def _filters(rpc: str) -> Iterator[Row]:
    yield Row(rpc, at("filter.types", ["a.b"] * 50))
    yield Row(rpc, at("filter.types", ["a.b"] * 51), "filter.types")
    for type_ in ("", "a b", "x" * 101):
        yield Row(rpc, at("filter.types", ["a.b", type_]), "filter.types[1]")
    yield from line(rpc, "filter.category", 100)
    yield from line(rpc, "filter.thread_key", 200)
    yield from labels(rpc, "filter.labels", 10)
    for field in ("start_time", "end_time"):
        yield Row(rpc, at(f"filter.{field}", {"seconds": -62_135_596_800}))
        for time_ in (YEAR_10000, YEAR_0, {"nanos": -1}):
            yield Row(rpc, at(f"filter.{field}", time_), f"filter.{field}")


def _cancels() -> Iterator[Row]:
    none = {"ids": None}
    yield Row("Cancel", {**none, "request_id": "~" * 128})
    yield Row("Cancel", {**none, "request_id": "x" * 129}, "request_id")
    yield Row("Cancel", {**none, "collapse_key": "k" * 200, "recipient_ids": ["r" * 200] * 1_000})
    for key in ("k" * 201, NUL):
        yield Row("Cancel", {**none, "collapse_key": key, "recipient_ids": ["r"]}, "collapse_key")
    yield Row("Cancel", {**none, "collapse_key": "k", "recipient_ids": ["r"] * 1_001}, "recipient_ids")
    for id_ in ("", "r" * 201, NUL):
        yield Row("Cancel", {**none, "collapse_key": "k", "recipient_ids": [id_]}, "recipient_ids[0]")
    yield Row("Cancel", {**none, "collapse_key": "k"}, "recipient_ids")
    yield Row("Cancel", {"recipient_ids": ["r"]}, "recipient_ids")
    yield Row("Cancel", none, "ids")
    yield Row("Cancel", {"request_id": "r"}, "request_id")
