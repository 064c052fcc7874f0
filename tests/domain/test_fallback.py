"""Chains hold back all but the first channel that goes out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from carillon_server.domain.channel import DEFAULT_CHANNELS, Channel
from carillon_server.domain.decide import Decision, DecisionReason, Verdict
from carillon_server.domain.delivery_settings import Fallback
from carillon_server.domain.fallback import (
    Place,
    channels_of,
    choose_chains,
    dump_chains,
    line_up,
    load_chains,
)

NOW = datetime(2026, 11, 20, tzinfo=UTC)
E, P, S, W, C = Channel.EMAIL, Channel.PUSH, Channel.SMS, Channel.WEBHOOK, Channel.CHAT

outside = st.lists(st.sampled_from([E, P, S, W, C]), min_size=2, max_size=5, unique=True).map(tuple)
chains = st.lists(st.builds(Fallback, outside, st.none() | st.floats(1, 86_400)), max_size=3).map(tuple)


def going_out(*channels: Channel) -> list[Decision]:
    return [Decision(channel, Verdict.SEND, DecisionReason.REQUESTED) for channel in channels]


def refused(channel: Channel) -> Decision:
    return Decision(channel, Verdict.SUPPRESS, DecisionReason.NO_ENDPOINT)


def test_the_first_goes_out_and_the_others_wait() -> None:
    line = line_up(going_out(Channel.IN_APP, S, P, E), [Fallback((P, S, E), 60.0)], NOW)
    by_channel = {decision.channel: decision for decision in line.decisions}
    assert by_channel[P].verdict is by_channel[Channel.IN_APP].verdict is Verdict.SEND
    assert {by_channel[S].reason, by_channel[E].reason} == {DecisionReason.FALLBACK}
    assert by_channel[S].until_time == NOW + timedelta(seconds=60)
    assert by_channel[E].until_time == NOW + timedelta(seconds=120)
    assert line.places[E] == Place(chain=1, rank=2, wait_seconds=120.0)


def test_the_inbox_is_never_held_back() -> None:
    line = line_up(going_out(P, Channel.IN_APP), [Fallback((P, Channel.IN_APP))], NOW)
    assert [decision.verdict for decision in line.decisions] == [Verdict.SEND, Verdict.SEND]


def test_who_cannot_be_reached_first_is_reached_second_at_once() -> None:
    line = line_up([refused(P), *going_out(S)], [Fallback((P, S))], NOW)
    assert [decision.verdict for decision in line.decisions] == [Verdict.SUPPRESS, Verdict.SEND]
    assert line.places == {S: Place(chain=1, rank=0)}


def test_without_patience_a_reserve_waits_for_ever() -> None:
    line = line_up(going_out(P, S), [Fallback((P, S))], NOW)
    assert line.decisions[1].until_time is None
    assert line.places[S].wait_seconds is None


@given(st.sets(st.sampled_from([E, P, S, W, C])), chains)
def test_each_chain_sends_once_and_each_channel_has_one_place(
    sent: set[Channel], some: tuple[Fallback, ...]
) -> None:
    line = line_up(going_out(*sent), some, NOW)
    assert {decision.channel for decision in line.decisions} == sent
    for number in {place.chain for place in line.places.values()}:
        ranks = sorted(place.rank for place in line.places.values() if place.chain == number)
        assert ranks == list(range(len(ranks)))
    out = {decision.channel for decision in line.decisions if decision.verdict is Verdict.SEND}
    assert out == sent - {channel for channel, place in line.places.items() if place.rank}


@given(chains)
def test_chains_are_kept_as_they_are(some: tuple[Fallback, ...]) -> None:
    assert load_chains(dump_chains(some)) == some


def test_a_tenants_chain_concerns_sends_on_its_first_channel() -> None:
    defaults = (Fallback((P, S)), Fallback((E, C)))
    assert choose_chains((P,), (), defaults) == defaults[:1]
    assert choose_chains(DEFAULT_CHANNELS, (), defaults) == defaults[1:]
    assert choose_chains((S,), (), defaults) == ()
    assert choose_chains((P,), (Fallback((W, C)),), defaults) == (Fallback((W, C)),)
    assert channels_of(defaults) == (P, S, E, C)
