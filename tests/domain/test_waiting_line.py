"""Those who wait come back one after the other, never too early, and never much later than the first."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from carillon_server.domain.rolling_count import WINDOW_SECONDS, RollingCount
from carillon_server.domain.waiting_line import WaitingLine


@given(
    st.integers(min_value=1, max_value=500),
    st.floats(min_value=0, max_value=100),
    st.floats(min_value=0.001, max_value=5),
)
def test_a_crowd_is_spread_out_but_not_for_long(count: int, soonest: float, interval: float) -> None:
    line = WaitingLine(30)
    waits = [line.join(1_000, soonest, interval) for _ in range(count)]
    assert abs(waits[0] - soonest) < 1e-6
    assert all(soonest - 1e-6 <= wait <= soonest + 30 + 1e-6 for wait in waits)
    at_once = max(waits.count(wait) for wait in set(waits))
    assert at_once <= 1 + count / max(1, 30 // interval)


def test_an_old_line_delays_nobody() -> None:
    line = WaitingLine(30)
    for _ in range(50):
        line.join(0, 1, 0.5)
    assert line.join(100, 2, 0.5) == 2


@given(st.lists(st.floats(min_value=0, max_value=100), min_size=1, max_size=50))
def test_a_count_forgets_what_is_past_its_window(pauses: list[float]) -> None:
    count, now, times = RollingCount(), 0.0, []
    for pause in pauses:
        now += pause
        count.add(now)
        times.append(now)
    surely = sum(time > now - WINDOW_SECONDS * 0.9 for time in times)
    at_most = sum(time > now - WINDOW_SECONDS for time in times)
    assert surely <= count.total(now) <= at_most
    assert count.total(now + WINDOW_SECONDS) == 0
