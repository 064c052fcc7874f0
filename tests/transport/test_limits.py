"""Every field of every request has a limit; beyond it the field is named and nothing is stored."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator, Mapping

import asyncpg
import grpc
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message_factory import GetMessageClass

from carillon_server.storage.tables import metadata
from carillon_server.transport.limits import LIMITS
from carillon_server.transport.validation.rule import Rule, anything, read_only
from tests.transport.caller import Refused, each
from tests.transport.conftest import House
from tests.transport.requests import build
from tests.transport.rows import Row, all_rows
from tests.transport.rpcs import RPCS, UNARY, request_type

_OURS = "carillon.v1."
_FAULTS = (grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN)


async def test_every_limit_is_kept_from_both_sides(house: House, postgres_url: str) -> None:
    rows = list(all_rows())
    refused = [row for row in rows if row.field is not None]
    taken = [row for row in rows if row.field is None]
    before = await _count_rows(postgres_url)
    assert [surprise async for surprise in _surprises(house, refused)] == []
    assert await _count_rows(postgres_url) == before
    assert [surprise async for surprise in _surprises(house, taken)] == []


def test_every_field_of_every_request_has_a_rule() -> None:
    reached = {message for rpc in RPCS for message in _messages(request_type(rpc).DESCRIPTOR)}
    unruled = {
        f"{message.name}.{field.name}"
        for message in reached
        for field in message.fields
        if field.name not in _rules(message)
    }
    assert unruled == set()


def test_every_limited_field_has_a_row_that_breaks_it() -> None:
    broken = {_field_at(row) for row in all_rows() if row.field is not None}
    limited = {
        f"{message.name}.{field.name}"
        for rpc in RPCS
        for message in _messages(request_type(rpc).DESCRIPTOR)
        for field in message.fields
        if _rules(message)[field.name] not in (anything, read_only) and not _holds_ours(field)
    }
    assert limited - broken == set()


async def _surprises(house: House, rows: list[Row]) -> AsyncIterator[str]:
    for row in rows:
        refused = await _outcome(house, row)
        if row.field is None:
            fine = refused is None or (
                refused.reason not in ("FIELD_INVALID", "") and refused.code not in _FAULTS
            )
        else:
            expected = (grpc.StatusCode.INVALID_ARGUMENT, "FIELD_INVALID", [row.field])
            fine = refused is not None and (refused.code, refused.reason, refused.fields) == expected
        if not fine:
            yield f"{row.rpc} {str(row.changes)[:200]}: expected {row.field}, got {refused}"


async def _outcome(house: House, row: Row) -> Refused | None:
    request = build(row.rpc, row.changes)
    try:
        if row.rpc in UNARY:
            await house.operator.call(row.rpc, request)
            return None
        requests = each([request]) if RPCS[row.rpc].client_streaming else request
        answer = await anext(house.operator.stream(row.rpc, requests))
    except Refused as refused:
        return refused
    return Refused.of_item(answer.error) if row.rpc == "SendStream" and answer.HasField("error") else None


async def _count_rows(postgres_url: str) -> dict[str, int]:
    connection = await asyncpg.connect(postgres_url)
    try:
        return {
            table: await connection.fetchval(f"SELECT count(*) FROM {table}") for table in metadata.tables
        }
    finally:
        await connection.close()


def _messages(message: Descriptor) -> Iterator[Descriptor]:
    """The message and all of ours that it is made of."""
    yield message
    for field in message.fields:
        if _holds_ours(field):
            yield from _messages(field.message_type)


def _holds_ours(field: FieldDescriptor) -> bool:
    return (
        field.message_type is not None
        and field.message_type.full_name.startswith(_OURS)
        and not field.message_type.GetOptions().map_entry
        and field.name != "mutes"
    )


def _rules(message: Descriptor) -> Mapping[str, Rule]:
    return LIMITS[GetMessageClass(message)].fields


def _field_at(row: Row) -> str:
    """The message and field that a path leads to."""
    assert row.field is not None
    rpc = "Send" if row.rpc == "SendStream" and row.field != "request" else row.rpc
    message = request_type(rpc).DESCRIPTOR
    *parents, name = re.sub(r"\[\d+\]", "", row.field).split(".")
    for parent in parents:
        message = message.fields_by_name[parent].message_type
    return f"{message.name}.{name}"
