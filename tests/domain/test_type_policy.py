"""What a type says about channels, against what recipients say."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carillon_server.domain.channel import Channel
from carillon_server.domain.decide import Decision, DecisionReason, Subject, Verdict, decide
from carillon_server.domain.preferences import MuteKind, MuteTarget, Preferences
from carillon_server.domain.type_policy import NO_POLICY, TypePolicy, dump_policy, load_policy

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ALL = frozenset(Channel)
OFFERED = {Channel.IN_APP: True, Channel.EMAIL: True, Channel.SMS: False}
TYPED = Subject("scan.completed", "", "", {}, (), None, policy=TypePolicy(offered=OFFERED))
MANDATORY = replace(TYPED, policy=TypePolicy(mandatory=True, offered=OFFERED))
SWITCHED_OFF = Preferences(channels={Channel.EMAIL: False, Channel.SMS: False})
MUTED = Preferences(mutes={MuteTarget(MuteKind.TYPE, "scan.completed"): None})

policies = st.builds(TypePolicy, st.booleans(), st.dictionaries(st.sampled_from(Channel), st.booleans()))


def rule(channel: Channel, *, on: bool) -> Preferences:
    return Preferences(rules={("scan.completed", channel): on})


def on(channel: Channel, subject: Subject, preferences: Preferences | None = None) -> Decision:
    decisions = decide(subject, "ann", preferences or Preferences(), ALL, ALL, NOW)
    return next(decision for decision in decisions if decision.channel is channel)


def reason_on(channel: Channel, subject: Subject, preferences: Preferences | None = None) -> tuple[bool, str]:
    decision = on(channel, subject, preferences)
    return decision.verdict is Verdict.SEND, decision.reason.name


def test_a_type_goes_out_on_the_channels_that_it_offers() -> None:
    decisions = decide(TYPED, "ann", Preferences(), ALL, ALL, NOW)
    assert [decision.channel for decision in decisions] == list(OFFERED)


def test_a_channel_that_is_off_by_default_is_suppressed() -> None:
    assert reason_on(Channel.EMAIL, TYPED) == (True, "DEFAULT")
    assert reason_on(Channel.SMS, TYPED) == (False, "TYPE_DEFAULT")


def test_a_rule_of_the_recipient_turns_on_what_is_off_by_default() -> None:
    assert reason_on(Channel.SMS, TYPED, rule(Channel.SMS, on=True)) == (True, "TYPE_RULE")


def test_a_switch_alone_turns_nothing_on() -> None:
    wish = Preferences(channels={Channel.SMS: True})
    assert reason_on(Channel.SMS, TYPED, wish) == (False, "TYPE_DEFAULT")


def test_the_sender_can_name_a_channel_that_is_off_by_default() -> None:
    assert reason_on(Channel.SMS, replace(TYPED, channels=(Channel.SMS,))) == (True, "REQUESTED")


def test_a_fallback_counts_as_named() -> None:
    assert reason_on(Channel.SMS, replace(TYPED, fallback_channels=(Channel.SMS,))) == (True, "REQUESTED")


@pytest.mark.parametrize(
    ("preferences", "overruled"),
    [
        (SWITCHED_OFF, "channel EMAIL"),
        (rule(Channel.EMAIL, on=False), "type scan.completed on EMAIL"),
        (MUTED, "mute type scan.completed"),
    ],
)
def test_what_is_mandatory_goes_out_in_spite_of(preferences: Preferences, overruled: str) -> None:
    assert on(Channel.EMAIL, TYPED, preferences).verdict is Verdict.SUPPRESS
    decision = on(Channel.EMAIL, MANDATORY, preferences)
    assert decision == Decision(Channel.EMAIL, Verdict.SEND, DecisionReason.MANDATORY, rule=overruled)


def test_where_nothing_speaks_against_it_nothing_is_overruled() -> None:
    assert reason_on(Channel.EMAIL, MANDATORY) == (True, "DEFAULT")
    assert reason_on(Channel.EMAIL, MANDATORY, rule(Channel.EMAIL, on=True)) == (True, "TYPE_RULE")


def test_what_is_mandatory_still_leaves_out_what_is_off_by_default() -> None:
    assert reason_on(Channel.SMS, MANDATORY, SWITCHED_OFF) == (False, "TYPE_DEFAULT")
    assert reason_on(Channel.SMS, MANDATORY, rule(Channel.SMS, on=True)) == (True, "TYPE_RULE")


def test_the_actor_is_not_told_of_what_is_mandatory() -> None:
    acted = replace(MANDATORY, actor_id="ann")
    assert reason_on(Channel.EMAIL, acted) == (False, "ACTOR")


def test_what_is_mandatory_needs_an_endpoint_and_a_provider() -> None:
    none, email = frozenset[Channel](), [Channel.EMAIL]
    [_, unreachable, _] = decide(MANDATORY, "ann", SWITCHED_OFF, none, ALL, NOW)
    assert unreachable.reason is DecisionReason.NO_ENDPOINT
    [_, unserved, _] = decide(MANDATORY, "ann", SWITCHED_OFF, email, none, NOW)
    assert unserved.reason is DecisionReason.CHANNEL_NOT_CONFIGURED


@given(policies)
def test_a_policy_is_kept_as_it_is(policy: TypePolicy) -> None:
    assert load_policy(dump_policy(policy)) == policy


def test_saying_nothing_is_kept_as_nothing() -> None:
    assert dump_policy(NO_POLICY) is None
    assert NO_POLICY.channels_on == [Channel.IN_APP, Channel.EMAIL]


@given(policies, st.sampled_from(Channel))
def test_of_one_channel_a_policy_says_the_same(policy: TypePolicy, channel: Channel) -> None:
    alone = policy.only(channel)
    assert alone.channels == {channel: policy.channels.get(channel, True)}
    assert alone.mandatory == policy.mandatory
