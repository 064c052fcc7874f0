"""One delivery that takes its worker down, or that nobody can read, stops none of the others."""

from __future__ import annotations

import asyncio
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from carillon_server.delivery.ending import end_tasks
from carillon_server.delivery.isolation import CLEARING_SECONDS, SOLITUDE_SECONDS
from carillon_server.delivery.providers.provider import Message
from carillon_server.domain.channel import Channel, Priority
from carillon_server.domain.delivery import DeliveryState
from carillon_server.domain.inbox import InboxAddress
from carillon_server.domain.outcome import Delivered, Outcome
from tests.delivery.gate import Gate
from tests.delivery.house import TENANT, House
from tests.delivery.relay import Relay

_WORKER = Path(__file__).with_name("worker_process.py")
_SLOTS = 30
_LOSE_ALL = """
UPDATE delivery SET state = 2, attempt_count = 1, lease_expire_time = now(), next_attempt_time = now()
"""
FINAL = {DeliveryState.DELIVERED, DeliveryState.EXHAUSTED, DeliveryState.REJECTED}


class Supervised:
    """Counts how often the worker had to be started again."""

    def __init__(self) -> None:
        self.ends = 0


@asynccontextmanager
async def supervised_worker(house: House, relay: Relay, traps: Path) -> AsyncIterator[Supervised]:
    """A worker that is started again whenever it ends."""
    settings, supervised = house.settings, Supervised()
    urls = (settings.database_url.get_secret_value(), settings.redis_url.get_secret_value(), relay.url)

    async def keep_running() -> None:
        while True:
            process = await asyncio.create_subprocess_exec(
                sys.executable, _WORKER, *urls, traps, cwd=Path(__file__).parents[2]
            )
            try:
                await process.wait()
            finally:
                with suppress(ProcessLookupError):
                    process.kill()
                    await process.wait()
            supervised.ends += 1

    keeper = asyncio.create_task(keep_running())
    try:
        yield supervised
    finally:
        await end_tasks([keeper])


def inbox_of(name: str) -> bytes:
    return InboxAddress(TENANT, name).inbox_id


async def test_two_bad_ones_among_a_thousand(house: House, relay: Relay, tmp_path: Path) -> None:
    """One exits the process, one cannot be read. The first time others go down with it; they are suspects
    then, and a suspect runs alone, so it takes nobody with it again.
    """
    good = await house.crowd(1_000)
    await house.people("exit", "damaged")
    await house.send("exit")
    await house.send(*good[:300])
    await house.send("damaged", payload=b"\xff\xff")
    await house.send(*good[300:])
    async with supervised_worker(house, relay, tmp_path) as supervised:
        rows = await house.settled(FINAL, within_seconds=50)
    states = {row["inbox_id"]: row for row in rows}
    poison, damaged = states.pop(inbox_of("exit")), states.pop(inbox_of("damaged"))
    assert (poison["state"], poison["finish_reason"]) == (DeliveryState.EXHAUSTED, "worker_lost")
    assert (damaged["state"], damaged["finish_reason"]) == (DeliveryState.REJECTED, "content_unreadable")
    assert {row["state"] for row in states.values()} == {DeliveryState.DELIVERED}
    assert supervised.ends == poison["attempt_count"] == 3
    taken_down = sum(row["attempt_count"] for row in states.values()) - 1_000
    # All that ran beside it the first time, and what a busy machine did not finish in time to leave it alone.
    assert taken_down < 2 * _SLOTS
    arrived = Counter(mail.recipient for mail in relay.mails)
    assert set(arrived) == {f"{name}@example.com" for name in good}
    assert arrived.total() - 1_000 <= taken_down


class Watch:
    """A provider that takes a little while, and sees what runs beside the suspect."""

    name = "watch"

    def __init__(self, suspect: str) -> None:
        self.beside_suspect: list[int] = []
        self._suspect = suspect
        self._begun = 0
        self._running = 0

    async def send(self, message: Message) -> Outcome:
        self._begun += 1
        beside, begun = self._running, self._begun
        self._running += 1
        try:
            await asyncio.sleep(0.1 if message.address == self._suspect else 0.01)
        finally:
            self._running -= 1
        if message.address == self._suspect:
            self.beside_suspect.append(beside + self._begun - begun)
        return Delivered("seen")

    async def close(self) -> None:
        """Nothing is open."""


async def test_a_suspect_runs_alone(house: House) -> None:
    """Four hundred others, of both lanes, wait until it has been tried."""
    names = await house.crowd(200)
    await house.people("odd")
    await house.send("odd")
    await house.database.fetch(_LOSE_ALL)
    await house.send(*names)
    await house.send(*names, priority=Priority.HIGH)
    watch = Watch("odd@example.com")
    async with house.working({Channel.EMAIL: watch}):
        await house.settled({DeliveryState.DELIVERED})
    assert watch.beside_suspect == [0]


async def test_suspects_that_hang_hold_the_others_up_for_a_moment_only(house: House) -> None:
    gate = Gate()
    await house.people("odd", "queer", "ann")
    await house.send("odd", "queer")
    await house.database.fetch(_LOSE_ALL)
    async with house.working({Channel.EMAIL: gate}):
        await gate.wait_for(1)
        await house.send("ann")
        await gate.wait_for(3, within_seconds=2 * (CLEARING_SECONDS + SOLITUDE_SECONDS) + 2)
        gate.let_through()
        await house.settled({DeliveryState.DELIVERED})


@pytest.mark.parametrize(("trap", "copies"), [("before", 1), ("after", 2)])
async def test_a_worker_killed_at_the_worst_moment(
    house: House, relay: Relay, tmp_path: Path, trap: str, copies: int
) -> None:
    """Before the call nothing has gone out; after it, the mail goes out again under the same id."""
    await house.people(trap)
    await house.send(trap)
    async with supervised_worker(house, relay, tmp_path) as supervised:
        (row,) = await house.settled({DeliveryState.DELIVERED}, within_seconds=30)
    assert (supervised.ends, row["attempt_count"]) == (1, 2)
    assert [attempt["outcome"] for attempt in await house.attempts()] == [None, "delivered"]
    assert len(relay.mails) == copies
    assert len({mail.message["Message-ID"] for mail in relay.mails}) == 1
