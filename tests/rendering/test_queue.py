from __future__ import annotations

import asyncio

from carillon_server.rendering.work_queue import MAX_BATCH_JOBS, Examination, Work, WorkQueue
from tests.rendering.sheets import make_job, make_sheet

_SHEET = make_sheet(title="T")


def _works(count: int) -> list[Work]:
    return [Work(make_job(_SHEET)) for _ in range(count)]


async def test_callers_take_turns():
    queue = WorkQueue()
    (single,) = small = _works(1)
    queue.add(_works(1_000))
    queue.add(small)

    assert single in await queue.take()


async def test_batches_are_bounded_and_complete():
    queue = WorkQueue()
    works = _works(150)
    queue.add(works)
    batches = [await queue.take() for _ in range(3)]

    assert [len(batch) for batch in batches] == [MAX_BATCH_JOBS, MAX_BATCH_JOBS, 150 - 2 * MAX_BATCH_JOBS]
    assert [work for batch in batches for work in batch] == works
    assert len(queue) == 0


async def test_suspects_come_first_and_alone():
    queue = WorkQueue()
    works = _works(2)
    for work in works:
        work.alone = True
    queue.add(_works(5))
    queue.add_again(works)

    assert [await queue.take() for _ in works] == [[work] for work in works]


async def test_a_check_travels_alone():
    queue = WorkQueue()
    check = [Work(Examination(_SHEET, {}))]
    queue.add(_works(1))
    queue.add(check)
    queue.add(_works(1))

    assert [len(await queue.take()) for _ in range(3)] == [1, 1, 1]


async def test_work_that_nobody_waits_for_is_dropped():
    queue = WorkQueue()
    given_up, wanted = _works(2)
    given_up.answer.cancel()
    queue.add([given_up])
    queue.add([wanted])

    assert await asyncio.wait_for(queue.take(), 1) == [wanted]
