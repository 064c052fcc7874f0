"""The first rule that speaks decides."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from carillon_server.domain.channel import Channel
from carillon_server.domain.decide import Decision, DecisionReason, Subject, Verdict, decide
from carillon_server.domain.preferences import MuteKind, MuteTarget, Preferences

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
PLAIN = Subject("scan.completed", "", "", {}, (), None)
ALL = frozenset(Channel)
EMAIL_OFF = Preferences(channels={Channel.EMAIL: False})


def email(subject: Subject = PLAIN, preferences: Preferences | None = None, **world: object) -> Decision:
    arguments = {"reachable": ALL, "configured": ALL, "now": NOW, **world}
    decisions = decide(subject, "ann", preferences or Preferences(), **arguments)  # type: ignore[arg-type]  # by name
    return next(decision for decision in decisions if decision.channel is Channel.EMAIL)


def test_the_defaults_are_in_app_and_email() -> None:
    decisions = decide(PLAIN, "ann", Preferences(), ALL, ALL, NOW)
    assert decisions == [
        Decision(Channel.IN_APP, Verdict.SEND, DecisionReason.DEFAULT),
        Decision(Channel.EMAIL, Verdict.SEND, DecisionReason.DEFAULT),
    ]


def test_the_sender_can_name_channels() -> None:
    decisions = decide(replace(PLAIN, channels=(Channel.SMS,)), "ann", Preferences(), ALL, ALL, NOW)
    assert decisions == [Decision(Channel.SMS, Verdict.SEND, DecisionReason.REQUESTED)]


def test_a_switch_suppresses_a_channel() -> None:
    assert email(preferences=EMAIL_OFF).reason is DecisionReason.CHANNEL_SWITCH


@pytest.mark.parametrize("enabled", [True, False])
def test_a_rule_for_the_type_wins_over_the_switch(enabled: bool) -> None:  # noqa: FBT001 - a parameter of the test
    rules = {("scan.completed", Channel.EMAIL): enabled}
    decision = email(preferences=replace(EMAIL_OFF, rules=rules))
    assert (decision.verdict is Verdict.SEND, decision.reason) == (enabled, DecisionReason.TYPE_RULE)


def test_a_rule_for_another_type_or_channel_does_not_speak() -> None:
    rules = {("scan.failed", Channel.EMAIL): False, ("scan.completed", Channel.SMS): False}
    assert email(preferences=Preferences(rules=rules)).verdict is Verdict.SEND


@pytest.mark.parametrize(
    "mute",
    [
        MuteTarget(MuteKind.TYPE, "scan.completed"),
        MuteTarget(MuteKind.SENDER, "bob"),
        MuteTarget(MuteKind.THREAD, "room-1"),
        MuteTarget(MuteKind.LABEL, "folder", "news"),
    ],
)
@pytest.mark.parametrize(("until", "holds"), [(None, True), (NOW + timedelta(seconds=1), True), (NOW, False)])
def test_a_mute_silences_every_channel_until_it_ends(
    mute: MuteTarget,
    until: datetime | None,
    holds: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    subject = replace(PLAIN, actor_id="bob", thread_key="room-1", labels={"folder": "news"})
    rules = {("scan.completed", Channel.EMAIL): True}
    decisions = decide(subject, "ann", Preferences(rules=rules, mutes={mute: until}), ALL, ALL, NOW)
    assert {d.reason is DecisionReason.MUTED for d in decisions} == {holds}


def test_a_label_is_muted_by_key_and_value() -> None:
    mutes = {MuteTarget(MuteKind.LABEL, "folder", "news"): None}
    assert email(replace(PLAIN, labels={"folder": "work"}), Preferences(mutes=mutes)).verdict is Verdict.SEND


def test_the_actor_is_never_told_of_their_own_act() -> None:
    rules = {("scan.completed", Channel.EMAIL): True}
    assert email(replace(PLAIN, actor_id="ann"), Preferences(rules=rules)).reason is DecisionReason.ACTOR


def test_a_channel_needs_a_provider_and_an_endpoint() -> None:
    assert email(configured=frozenset({Channel.IN_APP})).reason is DecisionReason.CHANNEL_NOT_CONFIGURED
    assert email(reachable=frozenset()).reason is DecisionReason.NO_ENDPOINT


def test_a_later_time_defers() -> None:
    later = NOW + timedelta(hours=1)
    decision = email(replace(PLAIN, deliver_time=later))
    assert (decision.verdict, decision.until_time) == (Verdict.DEFER, later)
    assert email(replace(PLAIN, deliver_time=later), EMAIL_OFF).verdict is Verdict.SUPPRESS
