"""When a failed attempt is repeated. Pure: the random numbers are handed in."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

MIN_AFTER_SECONDS = 1.0
MAX_AFTER_SECONDS = 24 * 3600.0
_AFTER_JITTER = 0.1


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How long and how often a channel tries."""

    first_seconds: float
    """Longest wait after the first attempt; it doubles with each further one."""
    longest_seconds: float
    """No wait is longer, unless the provider asks for it."""
    max_attempts: int
    give_up_seconds: float
    """Age of a delivery at which no further attempt is planned."""


EMAIL_POLICY = RetryPolicy(
    first_seconds=60, longest_seconds=6 * 3600, max_attempts=20, give_up_seconds=3 * 24 * 3600
)
"""Minutes at first, then hours, for up to three days: how long mail systems are out of order."""


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


def _jittered_wait(policy: RetryPolicy, attempt_count: int, rng: Random) -> float:
    # The exponent is bounded: a float overflows long before an attempt counter does.
    ceiling = min(policy.longest_seconds, policy.first_seconds * 2.0 ** min(attempt_count - 1, 60))
    return rng.uniform(0, ceiling)


def _after(after_seconds: float, rng: Random) -> float:
    floor = min(max(after_seconds, MIN_AFTER_SECONDS), MAX_AFTER_SECONDS)
    return min(floor * (1 + rng.uniform(0, _AFTER_JITTER)), MAX_AFTER_SECONDS)
