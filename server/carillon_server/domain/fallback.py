"""Chains of channels: which of them go out at once, and which are held back. Pure.

A chain is tried in order. Its first channel that would go out does; those after it are held in reserve until
the ones before failed, or for as long as the chain says.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from carillon_server.domain.channel import Channel
from carillon_server.domain.decide import Decision, DecisionReason, Verdict
from carillon_server.domain.delivery_settings import Fallback
from carillon_server.domain.value import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """Where the deliveries of a channel stand in a chain."""

    chain: int = 0
    """1 for the first chain; 0: in none."""
    rank: int = 0
    """0 goes out at once."""
    wait_seconds: float | None = None
    """When a reserve goes out at the latest; None: only when those before it failed."""

    @property
    def is_reserve(self) -> bool:
        return self.rank > 0


ALONE = Place()


@dataclass(frozen=True, slots=True)
class Line:
    """The decisions for one recipient, and where their channels stand."""

    decisions: tuple[Decision, ...]
    places: Mapping[Channel, Place]


def choose_chains(
    channels: Collection[Channel], own: Sequence[Fallback], defaults: Sequence[Fallback]
) -> tuple[Fallback, ...]:
    """The chains of one send: its own, or those of the tenant whose first channel is among its `channels`."""
    if own:
        return tuple(own)
    return tuple(chain for chain in defaults if chain.channels and chain.channels[0] in channels)


def channels_of(chains: Sequence[Fallback]) -> tuple[Channel, ...]:
    """All channels of the chains, each once."""
    return tuple(dict.fromkeys(channel for chain in chains for channel in chain.channels))


def line_up(decisions: Sequence[Decision], chains: Sequence[Fallback], now: datetime) -> Line:
    """Holds back what is not the first in its chain. A channel belongs to the first chain that names it."""
    places: dict[Channel, Place] = {}
    # An inbox never fails: whoever names it in a chain must not lose it.
    going_out = {d.channel for d in decisions if d.verdict is Verdict.SEND} - {Channel.IN_APP}
    for number, chain in enumerate(chains, start=1):
        ranked = [c for c in chain.channels if c in going_out and c not in places]
        for rank, channel in enumerate(ranked):
            wait = None if chain.after_seconds is None else rank * chain.after_seconds
            places[channel] = Place(number, rank, wait)
    return Line(tuple(_held_back(d, places.get(d.channel, ALONE), now) for d in decisions), places)


def _held_back(decision: Decision, place: Place, now: datetime) -> Decision:
    if not place.is_reserve:
        return decision
    until = None if place.wait_seconds is None else now + timedelta(seconds=place.wait_seconds)
    return decision._replace(verdict=Verdict.DEFER, reason=DecisionReason.FALLBACK, until_time=until, rule="")


def dump_chains(chains: Sequence[Fallback]) -> str | None:
    """As JSON, to be kept with the notification; None: there are none."""
    if not chains:
        return None
    return json.dumps([[[int(channel) for channel in c.channels], c.after_seconds] for c in chains])


def load_chains(text: str | None) -> tuple[Fallback, ...]:
    """The inverse of `dump_chains`."""
    if text is None:
        return ()
    return tuple(Fallback(tuple(Channel(number) for number in c), after) for c, after in json.loads(text))
