"""Sends that arrive together are written together, and do not harm each other."""

from __future__ import annotations

import asyncio
import itertools
import random

import pytest

from carillon_server.domain.channel import Channel
from carillon_server.domain.decide import DecisionReason, Verdict
from carillon_server.domain.errors import Reason, Refusal
from carillon_server.domain.inbox import Counts, InboxAddress
from carillon_server.domain.inbox_query import InboxFilter, Mark, Selection
from carillon_server.domain.notification import ChangeKind
from carillon_server.domain.recipient import Endpoint, RecipientPatch
from carillon_server.domain.send import SendOutcome
from carillon_server.services.composition import compose_as_is
from carillon_server.services.group_writer import GroupWriter
from carillon_server.services.send_plan import PlannedSend
from carillon_server.services.waiting import Single
from carillon_server.storage.database import BadRowError
from tests.eventually import eventually
from tests.services.conftest import PRODUCER, Core, draft, make_writer

_TERMINATE_OTHERS = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE pid <> pg_backend_pid() AND datname = current_database()
"""


async def seqs(core: Core, recipient: str) -> list[int]:
    rows = await core.database.fetch(
        "SELECT seq FROM notification WHERE inbox_id = $1 ORDER BY seq",
        InboxAddress("acme", recipient).inbox_id,
    )
    return [row["seq"] for row in rows]


def new_writer(core: Core, *, concurrency: int) -> GroupWriter:
    return GroupWriter(
        core.database,
        core.told.publish,
        core.told.wake,
        tenants=core.tenants,
        concurrency=concurrency,
        max_batch=64,
        max_queue=100,
    )


async def test_one_bad_send_fails_alone(core: Core) -> None:
    sends = [core.send("ann", category="\0" if number == 7 else "") for number in range(20)]
    answers = await asyncio.gather(*sends, return_exceptions=True)
    assert [type(answer) for answer in answers if isinstance(answer, Exception)] == [BadRowError]
    assert len(await seqs(core, "ann")) == 19


async def test_versions_are_gap_free_and_in_commit_order_among_many_writers(core: Core) -> None:
    """A reader that asks for what is past the last version it saw misses nothing."""
    rng = random.Random(7)
    people = [f"person-{number}" for number in range(10)]
    seen: dict[str, list[int]] = {person: [] for person in people}
    done = asyncio.Event()

    async def write(number: int) -> None:
        recipients = rng.sample(people, 3)
        # A tenth of the transactions fail after they have taken their locks.
        category = "\0" if number % 10 == 0 else ""
        await asyncio.gather(core.send(*recipients, category=category), return_exceptions=True)

    async def follow(person: str) -> None:
        inbox_id = InboxAddress("acme", person).inbox_id
        last_round = False
        while True:
            rows = await core.database.fetch(
                "SELECT change_version FROM notification WHERE inbox_id = $1 AND change_version > $2"
                " ORDER BY change_version",
                inbox_id,
                seen[person][-1] if seen[person] else 0,
            )
            seen[person].extend(row["change_version"] for row in rows)
            if last_round:
                return
            last_round = done.is_set()

    readers = [asyncio.create_task(follow(person)) for person in people]
    await asyncio.gather(*(write(number) for number in range(200)))
    done.set()
    await asyncio.gather(*readers)
    for person in people:
        assert seen[person] == list(range(1, len(seen[person]) + 1))
        assert seen[person] == await seqs(core, person)


async def test_sends_that_are_alone_in_their_process_take_gap_free_versions_too(core: Core) -> None:
    """Two processes write to one inbox without locking it first; each finds out when the other was before."""
    writers = [new_writer(core, concurrency=1) for _ in range(2)]
    address = InboxAddress("acme", "ann")

    async def write(writer: GroupWriter) -> None:
        for _ in range(40):
            await writer.write(PlannedSend("acme", "ci", compose_as_is(draft("ann")), (address,)))

    await asyncio.gather(*map(write, writers))
    for writer in writers:
        await writer.stop()
    assert await seqs(core, "ann") == list(range(1, 81))
    [state] = await core.database.fetch(
        "SELECT version, total FROM inbox WHERE inbox_id = $1", address.inbox_id
    )
    assert tuple(state) == (80, 80)


async def test_a_full_batch_is_written_beside_one_that_waits_unless_they_share_an_inbox(core: Core) -> None:
    ann = InboxAddress("acme", "ann")
    people = [f"person-{number}" for number in range(64)]
    await core.send("ann", *people)
    async with core.database.connection() as connection, connection.transaction():
        await connection.execute("SELECT 1 FROM inbox WHERE inbox_id = $1 FOR UPDATE", ann.inbox_id)
        first = asyncio.create_task(core.send("ann", category="first"))
        await eventually(lambda: _waiters(core))
        await asyncio.gather(*map(core.send, people))
        behind = [asyncio.create_task(core.send(name, category="second")) for name in ("ann", *people)]
        await asyncio.wait(behind, timeout=0.2)
        assert not any(task.done() for task in (first, *behind))
        assert await _waiters(core) == 1
    await asyncio.gather(first, *behind)
    written = "SELECT category FROM notification WHERE inbox_id = $1 ORDER BY seq"
    assert [row["category"] for row in await core.database.fetch(written, ann.inbox_id)] == [
        "",
        "first",
        "second",
    ]


async def _waiters(core: Core) -> int:
    """How many wait for a lock."""
    waiting = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    return len(await core.database.fetch(waiting))


async def test_groups_of_two_processes_that_lock_nothing_first_take_gap_free_versions(core: Core) -> None:
    """Each finds out when the other was before, and neither waits for the other in a circle."""
    writers = [new_writer(core, concurrency=2) for _ in range(2)]
    people = [f"person-{number}" for number in range(6)]
    rng = random.Random(11)

    async def write(writer: GroupWriter) -> None:
        for _ in range(12):
            chosen = rng.sample(people, 3)
            addresses = tuple(InboxAddress("acme", person) for person in chosen)
            await writer.write(PlannedSend("acme", "ci", compose_as_is(draft(*chosen)), addresses))

    await asyncio.gather(*(write(writer) for writer in writers for _ in range(6)))
    for writer in writers:
        await writer.stop()
    written = [await seqs(core, person) for person in people]
    assert sum(map(len, written)) == 2 * 6 * 12 * 3
    assert written == [list(range(1, len(taken) + 1)) for taken in written]


async def test_changes_cover_every_version_without_a_gap(core: Core) -> None:
    await asyncio.gather(*(core.send("ann", "bob", collapse_key=f"k{number % 3}") for number in range(30)))
    for person in ("ann", "bob"):
        told = [c for c in core.told.changes if c.inbox_id == InboxAddress("acme", person).inbox_id]
        told.sort(key=lambda change: change.first_version)
        assert told[0].first_version == 1
        for before, after in itertools.pairwise(told):
            assert after.first_version == before.state.version + 1
        assert told[-1].state.counts == Counts(total=3, unread=3, unseen=3)


async def test_a_newer_notification_takes_the_place_of_unread_ones_with_its_key(core: Core) -> None:
    ann = InboxAddress("acme", "ann")
    first = await core.send("ann", collapse_key="build")
    await core.inboxes.mark(ann, Mark.READ, Selection(), timeout=5)
    second = await core.send("ann", collapse_key="build")
    third = await core.send("ann", collapse_key="build")
    page = await core.inboxes.list(ann, InboxFilter(), page_size=10, before_position=None, timeout=5)
    assert [n.id for n in page.notifications] == [
        third.results[0].notification_id,
        first.results[0].notification_id,
    ]
    removed = [change for change in core.told.changes if change.kind is ChangeKind.REMOVED]
    assert [change.notifications[0].id for change in removed] == [second.results[0].notification_id]


async def test_deliveries_are_queued_in_the_same_transaction(core: Core) -> None:
    endpoint = Endpoint(Channel.EMAIL, "ann@example.com")
    await core.recipients.upsert("acme", RecipientPatch("ann", endpoints=(endpoint,)), timeout=5)
    outcome = await core.send("ann", "bob")
    ann, bob = outcome.results
    assert [d.verdict for d in ann.decisions] == [Verdict.SEND, Verdict.SEND]
    assert bob.decisions[1].reason is DecisionReason.NO_ENDPOINT
    rows = await core.database.fetch("SELECT inbox_id, seq, endpoint_id FROM delivery")
    assert ann.notification_id is not None
    assert [tuple(row) for row in rows] == [(ann.notification_id.inbox_id, 1, endpoint.raw_id)]
    assert core.told.wakes == 1


async def test_the_actor_is_not_notified_of_their_own_act(core: Core) -> None:
    outcome = await core.send("ann", "bob", actor_id="ann")
    ann, bob = outcome.results
    assert ann.notification_id is None
    assert {decision.reason for decision in ann.decisions} == {DecisionReason.ACTOR}
    assert bob.notification_id is not None
    assert await seqs(core, "ann") == []


async def test_stopping_writes_what_is_queued_and_refuses_the_rest(core: Core) -> None:
    writer = GroupWriter(
        core.database,
        core.told.publish,
        core.told.wake,
        tenants=core.tenants,
        concurrency=1,
        max_batch=4,
        max_queue=100,
    )
    planned = PlannedSend("acme", "billing", compose_as_is(draft("ann")), (InboxAddress("acme", "ann"),))
    waiting = [asyncio.create_task(writer.write(planned)) for _ in range(20)]
    while not core.told.changes:
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    await writer.stop()
    assert len(await asyncio.gather(*waiting)) == 20
    with pytest.raises(Refusal) as refusal:
        await writer.write(planned)
    assert refusal.value.reason is Reason.UNAVAILABLE


async def test_more_than_the_queue_holds_is_refused_at_once(core: Core) -> None:
    too_many = [f"person-{number}" for number in range(5_001)]
    with pytest.raises(Refusal) as refusal:
        await core.sends.send(PRODUCER, draft(*too_many), timeout=5)
    assert refusal.value.reason is Reason.OVERLOADED
    assert refusal.value.retry_after_seconds


async def test_a_lost_connection_fails_the_send_and_the_retry_makes_one(core: Core) -> None:
    """Whether the first try was committed is not known to the caller; the same request_id finds out."""
    answers = await asyncio.gather(
        core.send("ann", request_id="r1"), core.database.fetch(_TERMINATE_OTHERS), return_exceptions=True
    )
    for _ in range(20):
        if isinstance(answers[0], SendOutcome):
            break
        assert isinstance(answers[0], Refusal)
        assert answers[0].reason is Reason.UNAVAILABLE
        answers = await asyncio.gather(core.send("ann", request_id="r1"), return_exceptions=True)
    assert len(await seqs(core, "ann")) == 1


async def test_a_tenant_that_fills_the_queue_keeps_no_other_out_of_it(core: Core) -> None:
    writer = make_writer(core.database, core.told, core.tenants)
    full = [Single(_planned("noisy", f"person-{number}")) for number in range(5_000)]
    for waiting in full:
        writer.put(waiting)
    refused, served = Single(_planned("noisy", "ann")), Single(_planned("quiet", "ann"))
    writer.put(refused)
    writer.put(served)
    assert isinstance(refused.answer.exception(), Refusal)
    await served.answer
    # Two transactions have 64 notifications at most: it did not wait behind the others.
    assert sum(waiting.over for waiting in full) < 1_000
    for waiting in full:
        waiting.answer.cancel()
    await writer.stop()


def _planned(tenant: str, recipient: str) -> PlannedSend:
    return PlannedSend(tenant, "ci", compose_as_is(draft(recipient)), (InboxAddress(tenant, recipient),))
