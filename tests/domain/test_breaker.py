"""A breaker opens after failures in a row, stays open for a bounded while, and asks one call at a time."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from carillon_server.domain.breaker import Breaker, BreakerPolicy, BreakerState

POLICY = BreakerPolicy(failures=3, first_seconds=5.0, longest_seconds=40.0)


def opened(now: float = 0.0) -> Breaker:
    breaker = Breaker(POLICY)
    for _ in range(POLICY.failures):
        breaker.fail(breaker.begin(now), now)
    return breaker


def test_it_opens_after_so_many_failures_in_a_row_and_not_before() -> None:
    breaker = Breaker(POLICY)
    for _ in range(10):
        breaker.fail(breaker.begin(0), 0)
        breaker.fail(breaker.begin(0), 0)
        breaker.succeed(breaker.begin(0))
    assert breaker.state(0) is BreakerState.CLOSED
    assert opened().state(0) is BreakerState.OPEN


@given(st.integers(min_value=0, max_value=200))
def test_each_failed_probe_doubles_the_while_up_to_a_limit(probes: int) -> None:
    breaker, now = opened(), 0.0
    for _ in range(probes):
        now += breaker.wait_seconds(now)
        breaker.fail(breaker.begin(now), now)
    assert breaker.wait_seconds(now) == min(POLICY.longest_seconds, POLICY.first_seconds * 2.0**probes)


def test_half_open_it_lets_one_call_at_a_time_find_out() -> None:
    breaker = opened()
    now = breaker.wait_seconds(0)
    assert breaker.state(now) is BreakerState.HALF_OPEN
    probe = breaker.begin(now)
    assert breaker.wait_seconds(now) > 0
    breaker.abandon(probe)
    assert breaker.wait_seconds(now) == 0
    breaker.succeed(breaker.begin(now))
    assert breaker.state(now) is BreakerState.CLOSED


def test_a_breaker_that_closed_starts_with_the_short_while_again() -> None:
    breaker = opened()
    breaker.fail(breaker.begin(5), 5)
    breaker.succeed(breaker.begin(15))
    for _ in range(POLICY.failures):
        breaker.fail(breaker.begin(20), 20)
    assert breaker.wait_seconds(20) == POLICY.first_seconds


def test_calls_from_before_it_opened_say_nothing_about_now() -> None:
    breaker = Breaker(POLICY)
    late = [breaker.begin(0) for _ in range(10)]
    for ticket in late[:3]:
        breaker.fail(ticket, 0)
    until = breaker.open_until
    for ticket in late[3:]:
        breaker.fail(ticket, 1)
    assert breaker.open_until == until
    breaker.succeed(late[0])
    assert breaker.state(1) is BreakerState.OPEN
    breaker.succeed(breaker.begin(5))
    for ticket in late:
        breaker.fail(ticket, 6)
    assert breaker.state(6) is BreakerState.CLOSED


class Calls(RuleBasedStateMachine):
    """Any mixture of calls that begin and end in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.breaker = Breaker(POLICY)
        self.now = 0.0
        self.under_way: list[int] = []
        self.probes: set[int] = set()

    @rule(seconds=st.floats(min_value=0, max_value=100))
    def pass_time(self, seconds: float) -> None:
        self.now += seconds

    @precondition(lambda self: self.breaker.wait_seconds(self.now) == 0)
    @rule()
    def begin(self) -> None:
        state = self.breaker.state(self.now)
        assert state is not BreakerState.OPEN
        ticket = self.breaker.begin(self.now)
        if state is BreakerState.HALF_OPEN:
            self.probes.add(ticket)
        self.under_way.append(ticket)

    @precondition(lambda self: self.under_way)
    @rule(data=st.data(), how=st.sampled_from(["succeed", "fail", "abandon"]))
    def end(self, data: st.DataObject, how: str) -> None:
        ticket = self.under_way.pop(data.draw(st.integers(0, len(self.under_way) - 1)))
        self.probes.discard(ticket) if ticket not in self.under_way else None
        if how == "fail":
            self.breaker.fail(ticket, self.now)
        else:
            getattr(self.breaker, how)(ticket)

    @invariant()
    def nobody_waits_longer_than_the_limit(self) -> None:
        assert 0 <= self.breaker.wait_seconds(self.now) <= POLICY.longest_seconds

    @invariant()
    def at_most_one_probe_is_under_way(self) -> None:
        if self.breaker.state(self.now) is BreakerState.HALF_OPEN:
            assert len(self.probes) <= 1


TestCalls = Calls.TestCase
