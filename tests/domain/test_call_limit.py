"""The limit follows what calls take, between its bounds."""

from __future__ import annotations

from carillon_server.domain.call_limit import CallLimit


class _Service:
    """Carries out so many calls a second; all that are under way wait for each other."""

    def __init__(self, limit: CallLimit, calls_per_second: float) -> None:
        self.limit = limit
        self.calls_per_second = calls_per_second
        self._now = 0.0

    def serve(self, calls: int, *, wanted: int) -> None:
        for _ in range(calls):
            under_way = min(wanted, self.limit.value)
            if wanted > under_way:
                self.limit.full()
            self._now += 1 / self.calls_per_second
            self.limit.sample(under_way / self.calls_per_second, self._now)


def _limit(minimum: int = 4, maximum: int = 400) -> CallLimit:
    return CallLimit(minimum, maximum, 0.1, start=20)


def test_under_load_as_many_are_under_way_as_are_answered_within_the_target() -> None:
    service = _Service(_limit(), 1_000)
    service.serve(20_000, wanted=5_000)
    assert 85 <= service.limit.value <= 115


def test_it_follows_a_service_that_becomes_slow_and_recovers() -> None:
    service = _Service(_limit(), 1_000)
    service.serve(20_000, wanted=5_000)
    service.calls_per_second = 200
    service.serve(2_000, wanted=5_000)
    assert 17 <= service.limit.value <= 23
    service.calls_per_second = 1_000
    service.serve(10_000, wanted=5_000)
    assert service.limit.value >= 85


def test_it_stays_where_it_is_while_it_is_not_needed() -> None:
    service = _Service(_limit(), 1_000)
    service.serve(20_000, wanted=10)
    assert service.limit.value == 20


def test_it_keeps_its_bounds() -> None:
    slow, fast = _Service(_limit(), 1), _Service(_limit(maximum=50), 5_000)
    slow.serve(2_000, wanted=5_000)
    fast.serve(20_000, wanted=5_000)
    assert (slow.limit.value, fast.limit.value) == (4, 50)
    assert _limit(minimum=500, maximum=10).value == 500


def test_one_call_that_is_held_up_says_little_about_the_others() -> None:
    limit = _limit()
    for number in range(2_000):
        limit.full()
        limit.sample(10.0 if number % 100 == 0 else 0.01, number / 1_000)
    assert limit.value > 20
