"""What workers say of a provider can be stored, and put together."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from carillon_server.domain.breaker import BreakerState
from carillon_server.domain.outcome import (
    Delivered,
    EndpointGone,
    Outcome,
    Rejected,
    Retry,
    Throttled,
    Unknown,
)
from carillon_server.domain.provider_failure import Sign, read_sign
from carillon_server.domain.provider_health import ProviderHealth, dump_health, load_health, merge_health

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
FULL = ProviderHealth(
    tenant="acme",
    name="main",
    defect="",
    breaker=BreakerState.OPEN,
    open_until_time=NOON,
    paused_until_time=NOON + timedelta(minutes=1),
    consecutive_failures=5,
    tokens=2.5,
    running=3,
    max_concurrency=10,
    sent=100,
    failed=7,
    last_success_time=NOON - timedelta(minutes=1),
    last_error_time=NOON,
    last_error_class="http_503",
)


def test_what_is_stored_reads_the_same() -> None:
    for health in (FULL, ProviderHealth("acme", "main")):
        assert load_health("acme", "main", json.loads(json.dumps(dump_health(health)))) == health


def test_together_the_worst_state_counts_and_numbers_add_up() -> None:
    other = ProviderHealth(
        "acme", "main", max_concurrency=10, sent=50, last_error_time=NOON - timedelta(hours=1),
        last_error_class="timeout", last_success_time=NOON,
    )  # fmt: skip
    merged = merge_health([other, FULL])
    assert (merged.workers, merged.breaker, merged.sent, merged.failed) == (2, BreakerState.OPEN, 150, 7)
    assert (merged.max_concurrency, merged.running, merged.tokens) == (20, 3, 2.5)
    assert (merged.last_error_class, merged.last_error_time) == ("http_503", NOON)
    assert merged.last_success_time == NOON
    assert merge_health([FULL]) == FULL


@pytest.mark.parametrize(
    ("outcome", "sign"),
    [
        (Delivered(), Sign.WELL),
        (Rejected("address_invalid", ""), Sign.WELL),
        (EndpointGone("smtp_5.1.1", ""), Sign.WELL),
        (Throttled("http_429", ""), Sign.NOTHING),
        (Retry("timeout", ""), Sign.SICK),
        (Retry("http_503", ""), Sign.SICK),
        (Retry("credentials_refused", ""), Sign.SICK),
        (Retry("smtp_421", ""), Sign.SICK),
        (Retry("smtp_450", ""), Sign.NOTHING),
        (Retry("provider_fault", ""), Sign.NOTHING),
        (Unknown("timeout", ""), Sign.SICK),
        (Unknown("twilio_1", ""), Sign.NOTHING),
    ],
)
def test_what_an_outcome_says_about_the_provider(outcome: Outcome, sign: Sign) -> None:
    assert read_sign(outcome) is sign
