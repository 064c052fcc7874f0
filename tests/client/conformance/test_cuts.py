"""Subscriptions over a network that keeps breaking, to any implementation."""

from __future__ import annotations

import asyncio
import random

from carillon import AsyncClient
from tests.client.conformance.conftest import Environment
from tests.faults.proxy import FaultProxy

READERS = 10
SENDS = 40
PATIENCE_SECONDS = 30


async def read(client: AsyncClient, recipient_id: str) -> list[str]:
    titles: list[str] = []
    # Until its first message a stream has no cursor and begins with a snapshot, which must hold all.
    subscription = client.subscribe(
        recipient_id=recipient_id, snapshot_size=SENDS, patience_seconds=PATIENCE_SECONDS
    )
    async with subscription as stream:
        while len(titles) < SENDS:
            event = await anext(stream)
            titles += [each.content.title for each in reversed(event.snapshot.notifications)]
            titles += [each.content.title for each in event.created.notifications]
    return titles


async def test_many_streams_through_many_cuts_miss_nothing_and_repeat_nothing(
    environment: Environment, producer: AsyncClient, ada: str
) -> None:
    rng = random.Random(4)
    names = [f"{ada}-{number}" for number in range(READERS)]

    async def write(proxy: FaultProxy) -> None:
        for number in range(SENDS):
            await producer.send(recipient_ids=names, type="t", content={"title": f"{number}"})
            await asyncio.sleep(rng.uniform(0, 0.05))
            rng.choice([proxy.cut, lambda: proxy.cut_after(rng.randrange(200)), lambda: None])()

    async with (
        FaultProxy(environment.target) as proxy,
        AsyncClient(proxy.target, token=environment.token("gateway"), streams_per_connection=3) as client,
        asyncio.TaskGroup() as group,
    ):
        readers = [group.create_task(read(client, name)) for name in names]
        group.create_task(write(proxy))
    for reader in readers:
        assert reader.result() == [f"{number}" for number in range(SENDS)]
