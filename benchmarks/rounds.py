"""Sides of a ratio in turns: whatever else the machine does meets both alike, and the middle ratio counts."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from statistics import median

from benchmarks.figure import Figure

ROUNDS = 3
Side = Callable[[], Awaitable[float]]


async def compare(name: str, ours: Side, limit: Side, unit: str, target: str) -> Figure:
    """The medians of both sides, and the median of the ratios of each round."""
    rounds = [(await limit(), await ours()) for _ in range(ROUNDS)]
    limits, mine = zip(*rounds, strict=True)
    ratio = median(ours / limit for limit, ours in rounds)
    return Figure(name, median(mine), median(limits), unit, ratio, target)
