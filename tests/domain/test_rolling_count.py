"""A rolling count forgets what is past its window, and nothing much newer."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from carillon_server.domain.rolling_count import WINDOW_SECONDS, RollingCount


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
