"""Erasing leaves nothing readable of a recipient in any table, and everything of the others (P23)."""

from __future__ import annotations

from collections.abc import AsyncIterator

import asyncpg
import pytest

from carillon.v1 import recipient_service_pb2 as pb
from carillon_server.domain.inbox import InboxAddress
from carillon_server.storage.tables import metadata
from tests.transport.conftest import House
from tests.transport.everything import TABLES, fill
from tests.transport.requests import build

ADA, BOB, STRANGER = (
    InboxAddress("acme", "ada"),
    InboxAddress("acme", "bob"),
    InboxAddress("umbrella", "ada"),
)


@pytest.fixture
async def connection(house: House, postgres_url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(postgres_url)
    yield connection
    await connection.close()


async def _found(connection: asyncpg.Connection, word: str) -> list[str]:
    """The tables where it is, written as text or in bytes."""
    search = "SELECT count(*) FROM {} t WHERE strpos(t::text, $1) > 0 OR strpos(t::text, $2) > 0"
    written = word, word.encode().hex()
    return [table for table in metadata.tables if await connection.fetchval(search.format(table), *written)]


async def _erase(house: House, recipient_id: str) -> None:
    await house.operator.call("DeleteRecipient", pb.DeleteRecipientRequest(recipient_id=recipient_id))


async def test_every_table_that_has_recipients_is_emptied_of_one_and_keeps_the_others(
    house: House, connection: asyncpg.Connection
) -> None:
    for address in (ADA, BOB, STRANGER):
        await fill(connection, address)
    assert sorted(await _found(connection, ".acme.ada.")) == sorted(TABLES.keys() - {"inbox"})
    await _erase(house, "ada")
    for table in TABLES:
        count = f"SELECT count(*) FROM {table} WHERE inbox_id = $1"
        assert await connection.fetchval(count, ADA.inbox_id) == 0, table
    assert await _found(connection, ".acme.ada.") == []
    assert await _found(connection, ADA.inbox_id.hex()) == []
    for other in (BOB, STRANGER):
        assert len(await _found(connection, f".{other.tenant}.{other.recipient_id}.")) == len(TABLES) - 1


async def test_topics_have_a_member_less(house: House, connection: asyncpg.Connection) -> None:
    for address in (ADA, STRANGER):
        await fill(connection, address)
    for _ in range(2):
        await _erase(house, "ada")
    counts = await connection.fetch("SELECT tenant, member_count FROM topic ORDER BY tenant")
    assert [tuple(row) for row in counts] == [("acme", 2), ("umbrella", 3)]


async def test_records_of_requests_name_nobody_and_still_answer(
    house: House, connection: asyncpg.Connection
) -> None:
    name = "canary-of-a-person"
    send = build("Send", {"recipient_ids": [name, "bob", "actor-canary"], "actor_id": "", "request_id": "r1"})
    first = await house.producer.call("Send", send)
    profile = {"recipient_id": name, "email": f"{name}@example.com"}
    await house.producer.call("Send", build("Send", {"recipient_ids": None, "recipients": [profile]}))
    assert "idempotency" not in await _found(connection, name)
    await _erase(house, name)
    assert await _found(connection, name) == []
    again = await house.producer.call("Send", send)
    assert again.replayed
    assert list(again.results) == list(first.results)


async def test_a_recipient_that_comes_back_begins_anew(house: House, connection: asyncpg.Connection) -> None:
    await fill(connection, ADA)
    await _erase(house, "ada")
    await house.producer.call("UpsertRecipient", build("UpsertRecipient", {"endpoints": []}))
    exported = house.operator.stream("ExportRecipient", pb.ExportRecipientRequest(recipient_id="ada"))
    assert [piece.noun async for piece in exported] == ["profile", "inbox"]
