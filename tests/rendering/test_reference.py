"""docs/reference/templates.md says what templates do."""

from __future__ import annotations

import json
import re

import pytest

from carillon_server.domain.channel import Channel
from carillon_server.rendering.template import names
from tests.docs.pages import ROOT, blocks
from tests.rendering.sheets import make_job, make_sheet

_PAGE = ROOT / "docs" / "reference" / "templates.md"
_REGION = re.compile(r"\{# ([\w-]+) #\}")
_EXAMPLES = [line for block in blocks(_PAGE, "jinja") for line in block.splitlines()]
_DATA = json.loads(next(block for block in blocks(_PAGE, "json") if '"Ann"' in block))


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("example", _EXAMPLES)
async def test_an_example_comes_out_as_written(example, shared_pool):
    source, _, expected = example.rpartition(" → ")
    region = _REGION.match(source)
    locale = region[1].partition("-")[0] if region else "en"
    sheet = make_sheet(body=source, locale=locale)
    (answer,) = await shared_pool.render(
        [make_job(sheet, data=_DATA, zone="Europe/Berlin", region=region[1] if region else "")]
    )

    assert re.sub(r"\s", " ", answer.parts[Channel.IN_APP]["body"]) == expected


def test_every_filter_and_test_is_named():
    text = _PAGE.read_text()
    words = {name for name in names.TESTS if name.isalpha()} - {"equalto", "greaterthan", "lessthan"}

    assert not [name for name in names.FILTERS if not re.search(rf"\| {name}\b|`{name}`", text)]
    assert not [name for name in words if f"`{name}`" not in text]
