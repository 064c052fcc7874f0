"""P20: no template exceeds its limits, and none hurts another."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from carillon_server.domain.channel import Channel
from carillon_server.domain.errors import Reason, Refusal, Unavailable
from carillon_server.domain.rendering import Rendered, RenderFailure
from carillon_server.rendering.pool import RenderPool
from tests.eventually import wait_until
from tests.rendering.sheets import make_job, make_sheet

_GREETING = make_sheet(title="Hi {{ name }}")
_ENDLESS = make_sheet(title="{% for a in x %}" * 9 + "{% endfor %}" * 9 + "T")
_MANY = {"x": list(range(40))}


def _job():
    return make_job(_GREETING, data={"name": "Ann"})


def _is_greeting(answer: Rendered | RenderFailure) -> bool:
    return isinstance(answer, Rendered) and answer.parts[Channel.IN_APP]["title"] == "Hi Ann"


async def test_jobs_are_answered_in_their_order(pool):
    answers = await pool.render([make_job(_GREETING, data={"name": str(place)}) for place in range(300)])

    assert [answer.parts[Channel.IN_APP]["title"] for answer in answers] == [f"Hi {n}" for n in range(300)]


async def test_an_endless_template_fails_and_those_around_it_do_not(pool):
    endless = make_job(_ENDLESS, data=_MANY)

    answers = await pool.render([_job(), endless, _job(), endless, _job()])

    assert [getattr(answer, "problem", "") for answer in answers] == ["", "time", "", "time", ""]
    assert answers[1].channel is Channel.IN_APP
    assert answers[1].part == "title"
    assert all(_is_greeting(answer) for answer in answers[::2])


async def test_others_are_rendered_while_one_call_has_only_endless_templates(pool):
    hostile = asyncio.create_task(pool.render([make_job(_ENDLESS, data=_MANY)] * 3))
    innocent = await asyncio.gather(*(pool.render([_job()]) for _ in range(20)))

    assert all(_is_greeting(answer) for (answer,) in innocent)
    assert [answer.problem for answer in await hostile] == ["time"] * 3


async def test_a_killed_process_is_replaced_and_its_jobs_are_rendered_again(pool):
    assert _is_greeting((await pool.render([_job()]))[0])
    for pid in pool.pids:
        os.kill(pid, signal.SIGKILL)

    answers = await pool.render([_job() for _ in range(100)])

    assert all(_is_greeting(answer) for answer in answers)


async def test_a_template_is_not_blamed_for_whoever_kills_its_process(pool):
    for _ in range(4):
        assert _is_greeting((await pool.render([_job()]))[0])
        for pid in pool.pids:
            os.kill(pid, signal.SIGSTOP)
        asked = asyncio.create_task(pool.render([_job()]))
        await asyncio.sleep(0)
        for pid in pool.pids:
            os.kill(pid, signal.SIGKILL)
        assert _is_greeting((await asked)[0])


async def test_a_process_that_hangs_is_replaced(pool):
    assert _is_greeting((await pool.render([_job()]))[0])
    (first, *_) = pool.pids
    os.kill(first, signal.SIGSTOP)

    assert _is_greeting((await pool.render([_job()]))[0])
    assert first not in pool.pids


async def test_too_many_waiting_jobs_are_refused():
    pool = RenderPool(1, max_queue=5)
    first, second = await asyncio.gather(
        pool.render([_job() for _ in range(5)]), pool.render([_job()]), return_exceptions=True
    )
    await pool.stop()

    assert all(_is_greeting(answer) for answer in first)
    assert isinstance(second, Refusal)
    assert second.reason is Reason.OVERLOADED


async def test_stopping_ends_all_processes_and_tells_those_who_wait():
    pool = RenderPool(2)
    await pool.render([_job()])
    waiting = asyncio.create_task(pool.render([make_job(_ENDLESS, data=_MANY)] * 10))
    await asyncio.sleep(0)
    pids = pool.pids
    await pool.stop()

    with pytest.raises(Unavailable):
        await waiting
    with pytest.raises(Unavailable):
        await pool.render([_job()])
    assert not any(_is_there(pid) for pid in pids)


def test_processes_end_with_a_parent_that_is_killed():
    script = (
        "import asyncio, sys\n"
        "from carillon_server.rendering.pool import RenderPool\n"
        "from tests.rendering.sheets import make_job, make_sheet\n"
        "async def main():\n"
        "    pool = RenderPool(1)\n"
        "    await pool.render([make_job(make_sheet(title='T'))])\n"
        "    print(*pool.pids, flush=True)\n"
        "    await asyncio.sleep(60)\n"
        "asyncio.run(main())\n"
    )
    root = Path(__file__).parents[2]
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, cwd=root) as process:
        pids = [int(word) for word in process.stdout.readline().split()]
        process.kill()

    assert pids
    wait_until(lambda: not any(_is_there(pid) for pid in pids))


def _is_there(pid: int) -> bool:
    """Running; not merely waited for by whoever adopted it."""
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False
