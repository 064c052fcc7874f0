"""A recipient with a row in every table that has recipients, told from the schema: a new table is filled
without being listed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Integer,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
)
from sqlalchemy.dialects.postgresql import JSONB

from carillon.v1 import types_pb2
from carillon_server.domain.inbox import InboxAddress
from carillon_server.storage.tables import metadata

SEQ, ORDINAL = 7, 1
_INSTANT = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
_NUMBERS = (BigInteger, Integer, SmallInteger)

TABLES = {
    name: table
    for name, table in metadata.tables.items()
    if not {"inbox_id", "recipient_id"}.isdisjoint(table.columns.keys())
}


def canary(address: InboxAddress, place: str) -> str:
    """What is in this column of the recipient, and nowhere else."""
    return f"canary.{address.tenant}.{address.recipient_id}.{place}."


async def fill(connection: asyncpg.Connection, address: InboxAddress) -> set[str]:
    """One row in every table, all of them of one notification and its one delivery. The words in them, as
    `table.column`.
    """
    words = set()
    for table in TABLES.values():
        row = {column.name: _value(address, table, column) for column in table.columns}
        row.update(_said(address).get(table.name, {}))
        words |= {f"{table.name}.{name}" for name, value in row.items() if "canary." in repr(value)}
        await _insert(connection, table, row)
    await connection.execute(
        "INSERT INTO topic (tenant, name, member_count) VALUES ($1, $2, 3) ON CONFLICT DO NOTHING",
        address.tenant,
        "town",
    )
    return words


async def _insert(connection: asyncpg.Connection, table: Table, row: Mapping[str, object]) -> None:
    places = ", ".join(f"${number}" for number in range(1, len(row) + 1))
    await connection.execute(f"INSERT INTO {table.name} ({', '.join(row)}) VALUES ({places})", *row.values())


def _said(address: InboxAddress) -> dict[str, dict[str, object]]:
    """What must fit other rows, or be readable."""
    shared = {"broadcast_id": None, "broadcast_variant": None}
    endpoint_id = bytes([2]) + bytes(15)
    text = canary(address, "preference.document")
    return {
        "notification": {
            **shared,
            "stage": 1,
            "payload": types_pb2.Notification(
                content={"title": canary(address, "notification.payload")}
            ).SerializeToString(),
            "decisions": bytes([1, 1, 1]),
            "channels": bytes([1]),
            "attachments": json.dumps([[canary(address, "notification.attachments"), "a/b", "", "00"]]),
        },
        "endpoint": {"endpoint_id": endpoint_id, "platform": 0},
        "delivery": {"endpoint_id": endpoint_id, "state": 5},
        "preference": {
            "document": json.dumps({"channels": {}, "rules": [], "mutes": [["sender", text, "", None]]})
        },
        "topic_member": {"topic": "town"},
    }


def _value(address: InboxAddress, table: Table, column: Column[Any]) -> object:
    by_name: dict[str, object] = {
        "inbox_id": address.inbox_id,
        "recipient_id": address.recipient_id,
        "tenant": address.tenant,
        "seq": SEQ,
        "ordinal": ORDINAL,
    }
    if column.name in by_name:
        return by_name[column.name]
    text = canary(address, f"{table.name}.{column.name}")
    kind = column.type
    if isinstance(kind, ARRAY):
        return [text]
    if isinstance(kind, JSONB):
        return json.dumps({"said": text})
    return _scalar(kind, text)


def _scalar(kind: object, text: str) -> object:
    for types, value in (
        (Text, text),
        (LargeBinary, text.encode()),
        (DateTime, _INSTANT + timedelta(seconds=len(text))),
        (Boolean, True),
        (_NUMBERS, 2),
    ):
        if isinstance(kind, types):
            return value
    raise AssertionError(f"no value for {kind}")
