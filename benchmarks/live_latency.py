"""From commit to client, while sends come at a steady rate to people of whom each has a stream."""

from __future__ import annotations

import os
from collections.abc import Iterator

from benchmarks.crowd import ALL, Crowd, crowd, prepare_crowd
from benchmarks.crowd_figures import at, missed, of_limit, repeated
from benchmarks.crowd_server import crowd_server
from benchmarks.figure import Figure
from benchmarks.meter import Meter
from benchmarks.paced import Sent, finish_sending, start_sending
from benchmarks.service import Service

_SENDS_PER_SECOND = float(os.environ.get("CARILLON_BENCH_RATE", "1000"))
_SENDS = int(_SENDS_PER_SECOND * 20)
_WARM_UP_SENDS = 500
_LIMIT_MS = 100
_NAME = f"{_SENDS_PER_SECOND:,.0f} sends/s, {ALL}"


async def live_latency(service: Service) -> list[Figure]:
    """From commit to client, while sends come at a steady rate."""
    await prepare_crowd(service)
    with crowd_server(service) as server:
        async with crowd(service, server.target) as people:
            await people.open()
            await finish_sending(await start_sending(service, server.target, 100, _WARM_UP_SENDS))
            await people.look()
            people.numbers.clear()
            people.seconds.clear()
            meter = Meter(_NAME, service, server.pid, people.pids)
            sending = await start_sending(service, server.target, _SENDS_PER_SECOND, _SENDS)
            shares, sent = await meter.watch(sending)
            await people.all_told(sent.answered)
    return [*_latencies(people, sent), *shares]


def _latencies(people: Crowd, sent: Sent) -> Iterator[Figure]:
    told = sorted(people.seconds)
    yield of_limit(f"{_NAME}: commit → client, p50", at(told, 0.5) * 1e3, _LIMIT_MS, "ms")
    yield of_limit(f"{_NAME}: commit → client, p99", at(told, 0.99) * 1e3, _LIMIT_MS, "ms")
    yield of_limit(f"{_NAME}: Send itself, p99", at(sorted(sent.latencies), 0.99) * 1e3, _LIMIT_MS, "ms", "")
    yield of_limit(f"{_NAME}: sent late by, p99", at(sorted(sent.delays), 0.99) * 1e3, _LIMIT_MS, "ms", "")
    yield missed(f"{_NAME}: missed", people, sent)
    yield repeated(f"{_NAME}: told twice", people, sent)
