from __future__ import annotations

import asyncio

from carillon_server.domain.channel import Channel
from carillon_server.domain.rendering import Rendered, RenderFailure
from carillon_server.rendering.offenders import BAN_SECONDS, MAX_STRIKES, STRIKE_SECONDS, Offenders
from tests.rendering.sheets import make_job, make_sheet

_TITLE = make_sheet(title="a")
_TEXT = make_sheet(Channel.SMS, text="b")
_JOB = make_job(_TITLE, _TEXT)
_SLOW_TEXT = RenderFailure("time", "", Channel.SMS)


def test_a_sheet_that_breaks_limits_again_and_again_is_not_tried_for_a_while():
    offenders = Offenders()
    for _ in range(MAX_STRIKES):
        assert offenders.ban_of(_JOB, 0) is None
        offenders.note(_JOB, _SLOW_TEXT, 0)

    assert offenders.ban_of(_JOB, BAN_SECONDS - 1) == _SLOW_TEXT
    assert offenders.ban_of(make_job(_TITLE), 0) is None
    assert offenders.ban_of(_JOB, BAN_SECONDS) is None


def test_strikes_that_lie_apart_do_not_count_together():
    offenders = Offenders()
    for place in range(MAX_STRIKES):
        offenders.note(_JOB, _SLOW_TEXT, place * (STRIKE_SECONDS + 1))

    assert offenders.ban_of(_JOB, MAX_STRIKES * STRIKE_SECONDS) is None


def test_failures_that_cost_nothing_are_no_strikes():
    offenders = Offenders()
    for answer in [RenderFailure("undefined", ""), RenderFailure("invalid", ""), Rendered({})] * MAX_STRIKES:
        offenders.note(_JOB, answer, 0)

    assert offenders.ban_of(_JOB, 0) is None


async def test_a_flood_of_an_endless_template_leaves_the_processes_to_others(pool):
    endless = make_job(
        make_sheet(title="{% for a in x %}" * 9 + "{% endfor %}" * 9 + "T"), data={"x": [1] * 40}
    )
    flood = [await pool.render([endless]) for _ in range(MAX_STRIKES + 200)]
    async with asyncio.timeout(1):
        (greeting,) = await pool.render([make_job(_TITLE)])

    assert {answer.problem for (answer,) in flood} == {"time"}
    assert isinstance(greeting, Rendered)
