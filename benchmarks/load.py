"""Calls of raw bytes, a fixed number in flight: the generator costs as little as Python allows."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeAlias

import grpc

from carillon._channel import service_config

# A connection has room for 100 calls, and those that have just ended count for a moment more.
_IN_FLIGHT_PER_CONNECTION = 32
WARM_UP = 300
_OWN = [("grpc.use_local_subchannel_pool", 1)]
REPEATING = [*_OWN, ("grpc.service_config", json.dumps(service_config(wait_for_ready=False)))]
"""Calls that are refused for the moment are repeated when the server says so, as the client does."""
Call: TypeAlias = "grpc.aio.UnaryUnaryMultiCallable[bytes, bytes]"


@dataclass(frozen=True)
class Rate:
    """What one run came to."""

    calls_per_second: float
    p50_seconds: float
    p99_seconds: float


async def measure(
    target: str,
    method: str,
    requests: Callable[[], Iterable[bytes]],
    *,
    calls: int,
    in_flight: int,
    warm_up: int = WARM_UP,
    token: str = "",
    options: Sequence[tuple[str, Any]] = _OWN,
) -> Rate:
    """`requests` gives an endless supply; each call must succeed. Its connections are its own."""
    metadata = [("authorization", f"Bearer {token}")] if token else []
    async with AsyncExitStack() as stack:
        calls_on: list[Call] = []
        for _ in range(0, in_flight, _IN_FLIGHT_PER_CONNECTION):
            channel = await stack.enter_async_context(grpc.aio.insecure_channel(target, options=options))
            calls_on.append(channel.unary_unary(method))
        supply = iter(requests())
        await _drive(calls_on, islice(supply, warm_up), metadata, in_flight)
        # Made before: what it costs to make a request says nothing about the service.
        prepared = list(islice(supply, calls))
        started = time.perf_counter()
        latencies = await _drive(calls_on, prepared, metadata, in_flight)
        elapsed = time.perf_counter() - started
    latencies.sort()
    return Rate(
        len(latencies) / elapsed, latencies[len(latencies) // 2], latencies[int(len(latencies) * 0.99)]
    )


async def _drive(
    calls_on: Sequence[Call],
    requests: Iterable[bytes],
    metadata: list[tuple[str, str]],
    in_flight: int,
) -> list[float]:
    latencies: list[float] = []
    supply = iter(requests)

    async def work(call: Call) -> None:
        for request in supply:
            started = time.perf_counter()
            await call(request, metadata=metadata, timeout=30)
            latencies.append(time.perf_counter() - started)

    await asyncio.gather(*(work(calls_on[number % len(calls_on)]) for number in range(in_flight)))
    return latencies
