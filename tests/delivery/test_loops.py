"""The loops of a worker go on whatever a round meets, and end when they are told."""

from __future__ import annotations

import asyncio

from carillon_server.delivery.ending import end_tasks
from carillon_server.delivery.loop import Loop
from carillon_server.domain.errors import Unavailable
from tests.eventually import eventually

_NEVER_SECONDS = 3600.0


async def test_a_loop_goes_on_after_a_round_that_failed() -> None:
    rounds: list[Exception | None] = []

    async def round_() -> bool:
        rounds.append([Unavailable(), ValueError("a fault"), None][min(len(rounds), 2)])
        if (error := rounds[-1]) is not None:
            raise error
        return False

    async def thrice() -> bool:
        return len(rounds) >= 3

    loop = Loop("test", 0.01, round_)
    await loop.start()
    await eventually(thrice)
    await loop.stop()


async def test_a_wake_up_during_a_round_starts_another() -> None:
    rounds = 0
    gate = asyncio.Event()

    async def round_() -> bool:
        nonlocal rounds
        rounds += 1
        await gate.wait()
        return False

    async def ran(times: int) -> bool:
        return rounds == times

    loop = Loop("test", _NEVER_SECONDS, round_)
    await loop.start()
    await eventually(lambda: ran(1))
    loop.wake()
    gate.set()
    await eventually(lambda: ran(2))
    await loop.stop()
    assert rounds == 2


async def test_stopping_lets_the_round_finish() -> None:
    begun, gate, finished = asyncio.Event(), asyncio.Event(), []

    async def round_() -> bool:
        begun.set()
        await gate.wait()
        finished.append(True)
        return True

    loop = Loop("test", _NEVER_SECONDS, round_)
    await loop.start()
    await begun.wait()
    stopping = asyncio.create_task(loop.stop())
    gate.set()
    await stopping
    assert finished == [True]


async def test_a_task_that_forgets_a_cancellation_is_ended() -> None:
    async def forgetful() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            await asyncio.Event().wait()

    task = asyncio.create_task(forgetful())
    await asyncio.sleep(0)
    async with asyncio.timeout(5):
        await end_tasks([task])
    assert task.cancelled()
