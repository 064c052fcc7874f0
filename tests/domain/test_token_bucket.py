"""A bucket lets no more through than its rate and burst, and tells the truth about when to come back."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from carillon_server.domain.token_bucket import TokenBucket

rates = st.floats(min_value=0.01, max_value=10_000)
bursts = st.integers(min_value=1, max_value=1_000)
pauses = st.lists(st.floats(min_value=0, max_value=10), max_size=60)


@given(rates, bursts, pauses)
def test_never_more_than_burst_and_rate_allow(rate: float, burst: int, seconds: list[float]) -> None:
    bucket, now, taken = TokenBucket(rate, burst, 0), 0.0, 0
    for pause in seconds:
        now += pause
        while taken < 5_000 and bucket.take(now):
            taken += 1
    assert taken <= burst + rate * now + 1e-3


@given(rates, bursts, st.floats(min_value=0, max_value=1e7))
def test_who_waits_as_long_as_told_gets_one(rate: float, burst: int, start: float) -> None:
    bucket, now = TokenBucket(rate, burst, start), start
    for _ in range(burst + 20):
        now += bucket.wait_seconds(now)
        assert bucket.take(now)


@given(rates, bursts)
def test_a_full_bucket_holds_its_burst(rate: float, burst: int) -> None:
    bucket = TokenBucket(rate, burst, 0)
    assert [bucket.take(1e6) for _ in range(burst + 1)] == [True] * burst + [False]


def test_what_was_not_used_can_be_given_back() -> None:
    bucket = TokenBucket(1, 1, 0)
    assert bucket.take(0)
    bucket.give_back()
    bucket.give_back()
    assert [bucket.take(0), bucket.take(0)] == [True, False]


def test_a_clock_that_goes_back_makes_no_tokens() -> None:
    bucket = TokenBucket(1, 1, 100)
    assert bucket.take(100)
    assert not bucket.take(50)
    assert not bucket.take(100.5)
    assert bucket.take(101)
