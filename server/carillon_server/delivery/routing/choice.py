"""Which of several providers takes a message."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from random import Random

from carillon_server.delivery.routing.guarded_provider import GuardedProvider
from carillon_server.delivery.routing.route import Wait
from carillon_server.domain.lane import Lane

MISSING = "provider_missing"
MISSING_SECONDS = 60.0
"""How long to wait where nobody serves the channel: somebody may configure it."""
_OTHERS_AGAIN_SECONDS = 60.0
_SICK_REASONS = frozenset({"breaker_open", "paused"})


def choose(
    candidates: Sequence[GuardedProvider], tried: Collection[str], lane: Lane, rng: Random
) -> GuardedProvider | Wait:
    """The lowest priority that is free; by weight among equals.

    Where all were tried, they are asked again. Where the others are out for long, those that were tried get
    another chance after a minute.
    """
    untried = [each for each in candidates if each.config.name not in tried]
    asked = untried or candidates
    obstacles = [(each.guard.obstacle(lane), each) for each in asked]
    free = [each for obstacle, each in obstacles if obstacle is None]
    if free:
        return _draw(free, rng)
    waits = [obstacle for obstacle, _ in obstacles if obstacle is not None]
    if not waits:
        return Wait(MISSING_SECONDS, MISSING)
    soonest = min(waits, key=lambda wait: wait.seconds)
    if lane is Lane.URGENT:
        for each in asked:
            each.guard.expect_urgent(soonest.seconds)
    others = len(asked) < len(candidates)
    return replace(soonest, seconds=min(soonest.seconds, _OTHERS_AGAIN_SECONDS)) if others else soonest


def has_other(candidates: Sequence[GuardedProvider], tried: Collection[str], lane: Lane) -> bool:
    """Whether somebody who was not tried yet seems well."""
    untried = [each for each in candidates if each.config.name not in tried]
    obstacles = [each.guard.obstacle(lane) for each in untried]
    return any(obstacle is None or obstacle.reason not in _SICK_REASONS for obstacle in obstacles)


def _draw(free: Sequence[GuardedProvider], rng: Random) -> GuardedProvider:
    first = min(_rank(each) for each in free)
    equals = [each for each in free if _rank(each) == first]
    weights = [each.config.weight for each in equals]
    return rng.choices(equals, weights)[0] if any(weights) else rng.choice(equals)


def _rank(guarded: GuardedProvider) -> tuple[int, bool]:
    """Those without weight come after their equals."""
    return guarded.config.priority, guarded.config.weight <= 0
