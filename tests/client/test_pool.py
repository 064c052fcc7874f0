from __future__ import annotations

from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carillon._pool import ChannelPool, Lease


@pytest.fixture
def pool() -> ChannelPool[int]:
    numbers = count()
    return ChannelPool(lambda: next(numbers), streams_per_connection=2)


def test_a_channel_is_shared_until_it_is_full(pool: ChannelPool[int]) -> None:
    leases = [pool.acquire() for _ in range(5)]
    assert [lease.channel for lease in leases] == [0, 0, 1, 1, 2]
    assert pool.release(leases[1]) is None
    assert pool.acquire().channel == 0


def test_a_retired_channel_takes_no_more_calls_and_closes_with_its_last(pool: ChannelPool[int]) -> None:
    first, second = pool.acquire(), pool.acquire()
    pool.retire(first)
    assert pool.acquire().channel == 1
    assert pool.release(first) is None
    assert pool.release(second) == 0


def test_closing_hands_back_every_channel_and_ends_the_pool(pool: ChannelPool[int]) -> None:
    leases = [pool.acquire() for _ in range(3)]
    assert pool.close() == [0, 1]
    assert pool.release(leases[0]) is None
    with pytest.raises(RuntimeError):
        pool.acquire()


@given(st.lists(st.sampled_from(["acquire", "release", "retire"])))
def test_no_channel_is_overfull_used_after_retirement_or_closed_twice(steps: list[str]) -> None:
    numbers = count()
    pool: ChannelPool[int] = ChannelPool(lambda: next(numbers), streams_per_connection=3)
    held: list[Lease[int]] = []
    retired: set[int] = set()
    closed: list[int] = []
    for step in steps:
        if step == "acquire":
            lease = pool.acquire()
            assert lease.channel not in retired
            held.append(lease)
            assert sum(each.channel == lease.channel for each in held) <= 3
        elif held and step == "release":
            channel = pool.release(held.pop(0))
            closed += [] if channel is None else [channel]
        elif held:
            pool.retire(held[0])
            retired.add(held[0].channel)
    assert len(closed) == len(set(closed))
    assert set(closed) == retired - {lease.channel for lease in held}
