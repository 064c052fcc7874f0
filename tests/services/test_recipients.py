"""Recipients under writers that race."""

from __future__ import annotations

import asyncio

from carillon_server.domain.channel import Channel
from carillon_server.domain.inbox import InboxAddress
from carillon_server.domain.recipient import Endpoint, RecipientPatch
from tests.services.conftest import Core

ROUNDS = 40


async def test_whoever_is_erased_while_being_written_comes_into_being_again(core: Core) -> None:
    address = InboxAddress("acme", "ada")
    email = Endpoint(Channel.EMAIL, "ada@example.com")

    async def write() -> None:
        for number in range(ROUNDS):
            patch = RecipientPatch("ada", locale=f"x-{number}", endpoints=(email,))
            written = await core.recipients.upsert("acme", patch, timeout=None)
            assert written.locale == f"x-{number}"
            await core.recipients.put_endpoint(address, email, timeout=None)

    async def erase() -> None:
        for _ in range(ROUNDS):
            await core.recipients.delete(address, timeout=None)

    await asyncio.gather(write(), erase(), erase())
    await core.recipients.upsert("acme", RecipientPatch("ada"), timeout=None)
    await core.recipients.delete(address, timeout=None)
    assert await core.database.fetch("SELECT 1 FROM endpoint") == []


async def test_batches_that_name_the_same_people_in_another_order_do_not_wait_for_each_other(
    core: Core,
) -> None:
    patches = [
        RecipientPatch(f"r{n}", endpoints=(Endpoint(Channel.EMAIL, f"r{n}@example.com"),)) for n in range(50)
    ]

    async def write(*, turned: bool) -> None:
        for _ in range(10):
            await core.recipients.upsert_all("acme", patches[::-1] if turned else patches, timeout=None)

    await asyncio.gather(*(write(turned=bool(number % 2)) for number in range(6)))
    [deadlocks] = await core.database.fetch(
        "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
    )
    assert deadlocks["deadlocks"] == 0
    [count] = await core.database.fetch("SELECT count(*) FROM endpoint")
    assert count["count"] == len(patches)
