"""P17: no work runs past the caller's deadline."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path
from random import Random

from carillon import AsyncClient
from carillon.errors import DeadlineExceededError
from tests.eventually import eventually
from tests.faults.installation import Installation
from tests.faults.locks import Connection, connected, locked_inbox, locked_table, waiting_statements
from tests.faults.options import Size, sizes
from tests.faults.outcome import Drill

_DEADLINE_SECONDS = 0.05
_ENDED_SECONDS = 5
_AT_ONCE = 16
"""More than there are connections: some calls do not even get one."""
_LOCKED = ("endpoint", "recipient", "inbox", "notification", "preference")
_BYSTANDERS = [f"bystander-{number}" for number in range(8)]
_CONTENT = {"title": "Scan finished"}

Call = Callable[[AsyncClient, str], Awaitable[object]]


async def _send(client: AsyncClient, person: str) -> None:
    await client.send(type="scan.completed", recipient_ids=[person], content=_CONTENT)


# Each waits for the lock of this table, or of the inbox alone.
_CALLS: dict[str, Sequence[Call]] = {
    "": (_send, lambda client, person: client.mark_read(recipient_id=person, all=True)),
    "notification": (
        lambda client, person: client.list(recipient_id=person),
        lambda client, person: client.mark_read(recipient_id=person, all=True),
        _send,
    ),
    "inbox": (
        lambda client, person: client.get_counts(recipient_id=person),
        lambda client, person: client.archive(recipient_id=person, all=True),
        _send,
    ),
    "endpoint": (
        lambda client, person: client.list_endpoints(recipient_id=person),
        _send,
    ),
    "preference": (
        lambda client, person: client.get_preferences(recipient_id=person),
        lambda client, person: client.mute(recipient_id=person, target={"type": "scan.completed"}),
    ),
    "recipient": (
        lambda client, person: client.get_recipient(recipient_id=person),
        lambda client, person: client.upsert_recipient(recipient={"recipient_id": person}),
    ),
}


@sizes(short=Size(40, 3), long=Size(1_000, 40))
async def test_p17_no_work_runs_past_the_callers_deadline(tmp_path: Path, drill: Drill, size: Size) -> None:
    """Calls with deadlines of 50 ms meet locks. They end in time, and so do their statements; afterwards the
    same connections serve.
    """
    rng = Random(drill.seed)
    calls = size.sends // size.blows
    ended: list[float] = []
    async with (
        Installation(tmp_path, servers=1, workers=0) as installation,
        installation.client(0, "root", "admin") as operator,
        connected(installation.postgres.url) as watch,
    ):
        await operator.send(type="scan.completed", recipient_ids=["ann", *_BYSTANDERS], content=_CONTENT)
        for round_number in range(size.blows):
            table = _LOCKED[(drill.seed + round_number) % len(_LOCKED)]
            async with locked_table(installation.postgres.url, table):
                ended.append(await _hurry(operator, rng, table, calls))
                await eventually(partial(_nothing_waits, watch), _ENDED_SECONDS)
            async with locked_inbox(installation, "ann"):
                ended.append(await _hurry(operator, rng, "", calls))
                await asyncio.gather(*(_send(operator, bystander) for bystander in _BYSTANDERS))
                await eventually(partial(_nothing_waits, watch), _ENDED_SECONDS)
            await asyncio.gather(*(call(operator, "ann") for each in _CALLS.values() for call in each))
    measured = f"the last of {calls} calls of 50 ms ended after {max(ended) * 1000:.0f} ms at most"
    drill.finish("P17", sends=2 * calls * size.blows, measured=measured)


async def _hurry(client: AsyncClient, rng: Random, table: str, calls: int) -> float:
    """So many calls that cannot be served, a few at a time; how long the slowest took to say so."""
    hurried = client.with_options(timeout_seconds=_DEADLINE_SECONDS)
    places = asyncio.Semaphore(_AT_ONCE)

    async def one() -> float:
        async with places:
            start = time.monotonic()
            try:
                await rng.choice(_CALLS[table])(hurried, "ann")
            except DeadlineExceededError:
                return time.monotonic() - start
            raise AssertionError(f"a call was answered while {table} was locked")

    return max(await asyncio.gather(*(one() for _ in range(calls))))


async def _nothing_waits(watch: Connection) -> bool:
    return not await waiting_statements(watch)
