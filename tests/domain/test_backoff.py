"""Retries wait longer and longer, never in step, and not for ever."""

from __future__ import annotations

import math
from random import Random
from statistics import fmean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carillon_server.domain.backoff import (
    EMAIL_POLICY,
    MAX_AFTER_SECONDS,
    MIN_AFTER_SECONDS,
    RETRY_POLICIES,
    RetryPolicy,
    plan_pause,
    plan_retry,
)
from carillon_server.domain.channel import Channel

seconds = st.floats(min_value=0.001, max_value=1e6)
policies = st.builds(
    RetryPolicy,
    first_seconds=seconds,
    longest_seconds=seconds,
    max_attempts=st.integers(min_value=1, max_value=10_000),
    give_up_seconds=seconds,
)
attempts = st.integers(min_value=1, max_value=10_000)
seeds = st.integers()


@given(policies, attempts, seeds)
def test_no_wait_is_longer_than_the_policy_allows(policy: RetryPolicy, attempt: int, seed: int) -> None:
    wait = plan_retry(policy, attempt, math.inf, Random(seed))
    if attempt >= policy.max_attempts:
        assert wait is None
    else:
        assert wait is not None
        assert (
            0
            <= wait
            <= min(policy.longest_seconds, policy.first_seconds * 2.0 ** (min(attempt, 60) - 1) + 1e-9)
        )


@given(attempts, seeds, st.floats(min_value=-10, max_value=1e9))
def test_the_wish_of_the_provider_is_kept_within_bounds(attempt: int, seed: int, after: float) -> None:
    policy = RetryPolicy(first_seconds=60, longest_seconds=60, max_attempts=20_000, give_up_seconds=1)
    wait = plan_retry(policy, attempt, math.inf, Random(seed), after)
    assert wait is not None
    assert min(max(after, MIN_AFTER_SECONDS), MAX_AFTER_SECONDS) <= wait <= MAX_AFTER_SECONDS


@given(policies, attempts, seeds, seconds, st.none() | seconds)
def test_no_attempt_is_planned_for_when_it_is_too_late(
    policy: RetryPolicy, attempt: int, seed: int, remaining: float, after: float | None
) -> None:
    wait = plan_retry(policy, attempt, remaining, Random(seed), after)
    assert wait is None or wait < remaining


@given(seeds)
def test_mail_is_tried_for_hours_and_days(seed: int) -> None:
    rng, age, attempt = Random(seed), 0.0, 1
    while (wait := plan_retry(EMAIL_POLICY, attempt, EMAIL_POLICY.give_up_seconds - age, rng)) is not None:
        age += wait
        attempt += 1
    assert 3 * 3600 < age < 3 * 24 * 3600
    assert 10 < attempt <= 20


def test_the_same_attempt_of_many_deliveries_spreads_over_the_whole_wait() -> None:
    rng = Random(5)
    waits = sorted(plan_retry(EMAIL_POLICY, 3, math.inf, rng) or 0.0 for _ in range(1_000))
    assert waits[100] < 0.2 * 240
    assert waits[900] > 0.8 * 240


@pytest.mark.parametrize(
    ("channel", "shortest_seconds", "longest_seconds"),
    [
        (Channel.PUSH, 60, 6 * 3600),
        (Channel.SMS, 5, 3600),
        (Channel.WEBHOOK, 24 * 3600, 4 * 24 * 3600),
        (Channel.CHAT, 600, 12 * 3600),
    ],
)
def test_each_channel_has_its_patience(
    channel: Channel, shortest_seconds: float, longest_seconds: float
) -> None:
    """On average over many deliveries; none is tried longer than its channel allows."""
    policy, ages = RETRY_POLICIES[channel], []
    for seed in range(200):
        rng, age, attempt = Random(seed), 0.0, 1
        while (wait := plan_retry(policy, attempt, policy.give_up_seconds - age, rng)) is not None:
            age += wait
            attempt += 1
        assert attempt <= policy.max_attempts
        ages.append(age)
    assert max(ages) <= longest_seconds
    assert fmean(ages) >= shortest_seconds


def test_webhooks_are_tried_ten_times_over_days() -> None:
    policy, ages = RETRY_POLICIES[Channel.WEBHOOK], []
    for seed in range(200):
        rng = Random(seed)
        waits = [
            plan_retry(policy, attempt, math.inf, rng) or 0.0 for attempt in range(1, policy.max_attempts)
        ]
        ages.append(sum(waits))
    assert policy.max_attempts == 10
    assert 2 * 24 * 3600 < fmean(ages) < 4 * 24 * 3600


@given(seeds, st.floats(min_value=1, max_value=86_400))
def test_a_pause_is_at_least_what_was_asked_for(seed: int, after: float) -> None:
    pause = plan_pause(EMAIL_POLICY, math.inf, Random(seed), after)
    assert pause is not None
    assert after <= pause <= MAX_AFTER_SECONDS
    assert plan_pause(EMAIL_POLICY, after / 2, Random(seed), after) is None
