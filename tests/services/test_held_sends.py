"""One inbox that somebody keeps locked holds up its own sends, and no others."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import pytest

from carillon_server.domain.errors import Reason, Refusal
from carillon_server.domain.inbox import InboxAddress
from carillon_server.services.composition import compose_as_is
from carillon_server.services.group_writer import GroupWriter
from carillon_server.services.send_plan import PlannedSend
from carillon_server.storage.database import Database
from tests.eventually import eventually
from tests.services.conftest import PRODUCER, Core, draft

_LOCK_TIMEOUT_MS = 20


@pytest.fixture
async def writer(core: Core, postgres_url: str) -> AsyncIterator[GroupWriter]:
    """As the service has it: one transaction at a time, on connections that wait for no lock for long."""
    database = await Database.connect(postgres_url, max_connections=2, lock_timeout_ms=_LOCK_TIMEOUT_MS)
    writer = GroupWriter(
        database,
        core.told.publish,
        core.told.wake,
        tenants=core.tenants,
        concurrency=1,
        max_batch=64,
        max_queue=5_000,
    )
    yield writer
    await writer.stop()
    await database.close()


@asynccontextmanager
async def _locked(postgres_url: str, recipient: str) -> AsyncIterator[None]:
    connection = await asyncpg.connect(postgres_url)
    try:
        async with connection.transaction():
            inbox_id = InboxAddress("acme", recipient).inbox_id
            assert await connection.fetchval("SELECT 1 FROM inbox WHERE inbox_id = $1 FOR UPDATE", inbox_id)
            yield
    finally:
        await connection.close()


def _send(writer: GroupWriter, recipient: str, request_id: str = "") -> asyncio.Task[object]:
    address = InboxAddress("acme", recipient)
    planned = PlannedSend(
        "acme", PRODUCER.subject, compose_as_is(draft(recipient, request_id=request_id)), (address,)
    )
    return asyncio.create_task(writer.write(planned))


async def _count(core: Core, recipient: str) -> int:
    inbox_id = InboxAddress("acme", recipient).inbox_id
    row = await core.database.fetchrow("SELECT count(*) FROM notification WHERE inbox_id = $1", inbox_id)
    assert row is not None
    return int(row[0])


async def test_others_are_written_while_one_inbox_is_locked_and_its_sends_when_it_is_free(
    core: Core, writer: GroupWriter, postgres_url: str
) -> None:
    await asyncio.gather(_send(writer, "ann"))
    async with _locked(postgres_url, "ann"):
        stuck = [_send(writer, "ann") for _ in range(3)]
        others = [_send(writer, f"person-{number}") for number in range(20)]
        await asyncio.gather(*others)
        stuck.append(_send(writer, "ann"))
        await asyncio.gather(_send(writer, "bob"))
        assert not any(task.done() for task in stuck)
    await asyncio.gather(*stuck)
    assert await _count(core, "ann") == 5


async def test_a_send_that_is_alone_waits_for_the_lock_too(
    core: Core, writer: GroupWriter, postgres_url: str
) -> None:
    await asyncio.gather(_send(writer, "ann"))
    async with _locked(postgres_url, "ann"):
        alone = _send(writer, "ann")
        await asyncio.gather(_send(writer, "bob"))
        assert not alone.done()
    await alone
    assert await _count(core, "ann") == 2


async def test_what_nobody_waits_for_any_more_is_not_written(
    core: Core, writer: GroupWriter, postgres_url: str
) -> None:
    await asyncio.gather(_send(writer, "ann"))
    async with _locked(postgres_url, "ann"):
        given_up = _send(writer, "ann")
        await asyncio.gather(_send(writer, "bob"))
        given_up.cancel()
        await asyncio.wait([given_up])
    await asyncio.gather(_send(writer, "ann"))
    assert await _count(core, "ann") == 2


async def test_a_request_id_that_another_transaction_is_writing_holds_up_its_send_alone(
    core: Core, writer: GroupWriter, postgres_url: str
) -> None:
    connection = await asyncpg.connect(postgres_url)
    transaction = connection.transaction()
    await transaction.start()
    await connection.execute(
        "INSERT INTO idempotency (tenant, caller, request_id, request_hash, outcome, create_time)"
        " VALUES ('acme', $1, 'r1', 'hash', '{}', now())",
        PRODUCER.subject,
    )
    stuck = _send(writer, "ann", "r1")
    others = [_send(writer, f"person-{number}") for number in range(20)]
    await asyncio.gather(*others)
    assert not stuck.done()
    await transaction.rollback()
    await connection.close()
    await stuck
    assert await _count(core, "ann") == 1


async def test_stopping_refuses_what_is_held(core: Core, postgres_url: str) -> None:
    database = await Database.connect(postgres_url, max_connections=2, lock_timeout_ms=_LOCK_TIMEOUT_MS)
    writer = GroupWriter(
        database,
        core.told.publish,
        core.told.wake,
        tenants=core.tenants,
        concurrency=1,
        max_batch=64,
        max_queue=100,
    )
    await asyncio.gather(_send(writer, "ann"))
    async with _locked(postgres_url, "ann"):
        stuck = _send(writer, "ann")
        await asyncio.gather(_send(writer, "bob"))
        await eventually(lambda: _is_held(writer))
        await writer.stop()
        with pytest.raises(Refusal) as refused:
            await stuck
    assert refused.value.reason is Reason.UNAVAILABLE
    await database.close()


async def _is_held(writer: GroupWriter) -> bool:
    return bool(writer._held)
