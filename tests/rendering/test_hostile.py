"""P20: no template exceeds 250 ms, 64 MB or 256 KiB, or reaches for anything, and none hurts another."""

from __future__ import annotations

import pytest

from carillon_server.domain.channel import Channel
from carillon_server.domain.rendering import Rendered
from tests.rendering.hostile import CORPUS, WORDS
from tests.rendering.sheets import make_job, make_sheet

pytestmark = pytest.mark.asyncio(loop_scope="module")

_GREETING = make_job(make_sheet(title="Hi {{ name }}"), data={"name": "Ann"})
_SCHEMA = {
    "type": "object",
    "properties": {
        "word": {"type": "string"},
        "evil": {"type": "string"},
        "handler": {"type": "string"},
        "n": {"type": "integer"},
        "many": {"type": "array", "items": {"type": "string"}},
    },
    "required": list(WORDS),
}


@pytest.mark.parametrize("name", CORPUS)
async def test_it_is_refused_and_its_neighbours_are_rendered(name, shared_pool):
    hostile = CORPUS[name]
    before, answer, after = await shared_pool.render(
        [_GREETING, make_job(hostile.sheet, data=hostile.data), _GREETING]
    )

    assert getattr(answer, "problem", "rendered") in hostile.problem.split(" or ")
    for neighbour in (before, after):
        assert isinstance(neighbour, Rendered)
        assert neighbour.parts[Channel.IN_APP]["title"] == "Hi Ann"


@pytest.mark.parametrize("name", CORPUS)
async def test_it_is_found_before_it_is_stored(name, shared_pool):
    report = await shared_pool.check(CORPUS[name].sheet, _SCHEMA, WORDS)

    assert report.problems
