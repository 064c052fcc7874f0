"""When a failed attempt is repeated: one policy for each channel. Pure: the random numbers are handed in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random

from carillon_server.domain.channel import Channel

MIN_AFTER_SECONDS = 1.0
MAX_AFTER_SECONDS = 24 * 3600.0
_AFTER_JITTER = 0.1
_HOUR_SECONDS = 3600.0
_DAY_SECONDS = 24 * _HOUR_SECONDS
# Bounded: a float overflows long before an attempt counter does.
_MAX_EXPONENT = 60


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How long and how often a channel tries."""

    first_seconds: float
    """Longest wait after the first attempt."""
    longest_seconds: float
    """No wait is longer, unless the provider asks for it."""
    max_attempts: int
    give_up_seconds: float
    """Age of a delivery at which no further attempt is planned."""
    factor: float = 2.0
    """By which the longest wait grows with each further attempt."""


EMAIL_POLICY = RetryPolicy(
    first_seconds=60, longest_seconds=6 * _HOUR_SECONDS, max_attempts=20, give_up_seconds=3 * _DAY_SECONDS
)
"""Minutes at first, then hours, for up to three days: how long mail systems are out of order."""
PUSH_POLICY = RetryPolicy(
    first_seconds=30, longest_seconds=_HOUR_SECONDS, max_attempts=12, give_up_seconds=6 * _HOUR_SECONDS
)
"""What lights up a screen is of little use the next day."""
SMS_POLICY = RetryPolicy(first_seconds=5, longest_seconds=600, max_attempts=8, give_up_seconds=_HOUR_SECONDS)
"""Codes and alarms: within the hour or not at all."""
WEBHOOK_POLICY = RetryPolicy(
    first_seconds=30,
    longest_seconds=1.5 * _DAY_SECONDS,
    max_attempts=10,
    give_up_seconds=4 * _DAY_SECONDS,
    factor=4.0,
)
"""Ten tries over about three days: long enough for a weekend."""
CHAT_POLICY = RetryPolicy(
    first_seconds=15, longest_seconds=_HOUR_SECONDS, max_attempts=10, give_up_seconds=12 * _HOUR_SECONDS
)
"""Like webhooks, but for people who are at work."""

RETRY_POLICIES: Mapping[Channel, RetryPolicy] = {
    Channel.IN_APP: EMAIL_POLICY,  # nothing of it leaves the house; a damaged row may say so
    Channel.EMAIL: EMAIL_POLICY,
    Channel.PUSH: PUSH_POLICY,
    Channel.SMS: SMS_POLICY,
    Channel.WEBHOOK: WEBHOOK_POLICY,
    Channel.CHAT: CHAT_POLICY,
}


def plan_retry(
    policy: RetryPolicy,
    attempt_count: int,
    remaining_seconds: float,
    rng: Random,
    after_seconds: float | None = None,
) -> float | None:
    """Seconds to wait after attempt number `attempt_count` failed; None: give up.

    `remaining_seconds` is how long the delivery may still be tried. What the provider asks for
    (`after_seconds`) is kept within 1 s and 24 h, and never undercut.
    """
    if attempt_count >= policy.max_attempts:
        return None
    wait = _jittered_wait(policy, attempt_count, rng) if after_seconds is None else _after(after_seconds, rng)
    return wait if wait < remaining_seconds else None


def plan_pause(
    policy: RetryPolicy, remaining_seconds: float, rng: Random, after_seconds: float | None = None
) -> float | None:
    """Seconds to wait after a provider wanted fewer messages, which is no try; None: no time is left."""
    wait = _after(policy.first_seconds if after_seconds is None else after_seconds, rng)
    return wait if wait < remaining_seconds else None


def _jittered_wait(policy: RetryPolicy, attempt_count: int, rng: Random) -> float:
    growth = policy.factor ** min(attempt_count - 1, _MAX_EXPONENT)
    return rng.uniform(0, min(policy.longest_seconds, policy.first_seconds * growth))


def _after(after_seconds: float, rng: Random) -> float:
    floor = min(max(after_seconds, MIN_AFTER_SECONDS), MAX_AFTER_SECONDS)
    return min(floor * (1 + rng.uniform(0, _AFTER_JITTER)), MAX_AFTER_SECONDS)
