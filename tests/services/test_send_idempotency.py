"""A Send repeated with the same request_id makes one notification and one answer."""

from __future__ import annotations

import asyncio

import pytest

from carillon_server.domain.errors import Reason, Refusal
from carillon_server.domain.identity import Principal, Role
from carillon_server.domain.inbox import InboxAddress
from carillon_server.domain.inbox_query import InboxFilter
from carillon_server.services.send import SendService
from carillon_server.storage.database import BadRowError
from tests.services.conftest import PRODUCER, Core, draft, make_writer, utc_now


async def count_notifications(core: Core) -> int:
    row = await core.database.fetchrow("SELECT count(*) FROM notification")
    assert row is not None
    return int(row[0])


async def test_the_second_call_gets_the_first_answer(core: Core) -> None:
    first = await core.send("ann", "bob", request_id="r1")
    second = await core.send("ann", "bob", request_id="r1")
    assert (first.replayed, second.replayed) == (False, True)
    assert second.results == first.results
    assert await count_notifications(core) == 2


async def test_many_callers_in_several_processes_make_one_notification_per_key(core: Core) -> None:
    other_writer = make_writer(core.database, core.told, core.tenants)
    other = SendService(
        core.database,
        other_writer,
        core.told.publish,
        utc_now,
        tenants=core.tenants,
        composer=core.composer,
    )

    async def call(service: SendService, key: int) -> tuple[bool, object]:
        outcome = await service.send(
            PRODUCER, draft(f"person-{key % 7}", request_id=f"key-{key}"), timeout=10
        )
        return outcome.replayed, outcome.results

    answers = await asyncio.gather(
        *(call(service, key) for key in range(100) for service in (core.sends, other) * 4)
    )
    await other_writer.stop()
    assert await count_notifications(core) == 100
    assert sum(not replayed for replayed, _ in answers) == 100
    for key in range(100):
        assert len({str(results) for _, results in answers[key * 8 : key * 8 + 8]}) == 1


async def test_another_body_is_refused(core: Core) -> None:
    await core.send("ann", request_id="r1")
    with pytest.raises(Refusal) as refusal:
        await core.send("ann", request_id="r1", request_hash=b"other")
    assert refusal.value.reason is Reason.REQUEST_ID_REUSED
    assert await count_notifications(core) == 1


async def test_two_bodies_at_once_give_one_answer_and_one_refusal(core: Core) -> None:
    answers = await asyncio.gather(
        core.send("ann", request_id="r1"),
        core.send("ann", request_id="r1", request_hash=b"other"),
        return_exceptions=True,
    )
    assert sorted(type(answer).__name__ for answer in answers) == ["Refusal", "SendOutcome"]
    assert await count_notifications(core) == 1


async def test_keys_belong_to_their_caller(core: Core) -> None:
    await core.send("ann", request_id="r1")
    for other in (
        Principal("acme", "shipping", frozenset({Role.PRODUCER})),
        Principal("globex", "billing", frozenset({Role.PRODUCER})),
    ):
        assert not (await core.send("ann", request_id="r1", principal=other)).replayed


async def test_a_refusal_is_not_remembered(core: Core) -> None:
    with pytest.raises(BadRowError):
        await core.send("ann", request_id="r1", category="\0")
    assert not (await core.send("ann", request_id="r1")).replayed


async def test_a_dry_run_stores_nothing_and_uses_up_no_key(core: Core) -> None:
    outcome = await core.send("ann", request_id="r1", dry_run=True)
    assert outcome.results[0].notification_id is None
    assert await count_notifications(core) == 0
    page = await core.inboxes.list(
        InboxAddress("acme", "ann"), InboxFilter(), page_size=5, before_position=None, timeout=5
    )
    assert page.state.version == 0
    assert not (await core.send("ann", request_id="r1")).replayed
