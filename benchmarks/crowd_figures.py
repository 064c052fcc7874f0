"""Figures about a crowd: what was missed, what came twice, shares and limits."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.crowd import Crowd
from benchmarks.figure import Figure
from benchmarks.paced import Sent


def missed(name: str, people: Crowd, sent: Sent) -> Figure:
    missed = len(set(sent.answered) - people.numbers.keys())
    return Figure(name, missed, len(sent.answered), "sends", missed / len(sent.answered), "≤ 0")


def repeated(name: str, people: Crowd, sent: Sent) -> Figure:
    repeated = sum(count - 1 for count in people.numbers.values())
    return Figure(name, repeated, len(sent.answered), "sends", repeated / len(sent.answered), "≤ 0")


def of_limit(name: str, ours: float, limit: float, unit: str, target: str = "≤ 1") -> Figure:
    return Figure(name, ours, limit, unit, ours / limit, target)


def share(name: str, ours: float, whole: float, unit: str) -> Figure:
    return Figure(name, ours, whole, unit, ours / whole, "")


def at(ordered: Sequence[float], place: float) -> float:
    return ordered[int(len(ordered) * place)]
