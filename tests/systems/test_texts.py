"""No text of the catalogs breaks, whatever its schema lets through."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

import pytest

from carillon_server.domain.channel import Channel
from carillon_server.domain.rendering import Circumstances, Rendered, RenderJob
from carillon_server.rendering.pool import RenderPool
from tests.systems.catalogs import NAMES, types_of
from tests.systems.extremes import largest, smallest
from tests.systems.sheets import sheets_of

_LEFT_OVER = re.compile(r"\*\*|\]\(|\{\{|\{%|>#+ ")
"""Marks of Markdown and of templates that were not understood as such."""


@pytest.fixture
async def pool() -> AsyncIterator[RenderPool]:
    pool = RenderPool(1)
    yield pool
    await pool.stop()


def rules_of(kind: Mapping[str, Any]) -> dict[str, str]:
    """By what they make."""
    return {name: kind[f"{name}_rule"] for name in ("collapse", "thread") if f"{name}_rule" in kind}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("extreme", [largest, smallest])
async def test_every_text_comes_out_with_the_largest_and_the_smallest_data(
    name: str, extreme: Callable[[Mapping[str, Any]], dict[str, Any]], pool: RenderPool
) -> None:
    types = types_of(name)
    sheets = list(sheets_of(name))
    jobs = [
        RenderJob((sheet,), extreme(types[kind]["data_schema"]), Circumstances("UTC"), rules_of(types[kind]))
        for kind, sheet in sheets
    ]

    outcomes = await pool.render(jobs)

    broken = [
        (kind, sheet.locale, outcome)
        for (kind, sheet), outcome in zip(sheets, outcomes, strict=True)
        if not isinstance(outcome, Rendered)
    ]
    assert not broken
    pages = [outcome.parts.get(Channel.EMAIL, {}).get("html", "") for outcome in outcomes]  # type: ignore[union-attr]  # none is broken
    assert [kind for (kind, _), page in zip(sheets, pages, strict=True) if _LEFT_OVER.search(page)] == []
