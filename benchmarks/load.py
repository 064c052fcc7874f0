"""Calls of raw bytes, a fixed number in flight: the generator costs as little as Python allows."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import islice

import grpc


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
    warm_up: int = 300,
    token: str = "",
    own_connection: bool = False,
) -> Rate:
    """`requests` gives an endless supply; each call must succeed.

    Unless it has its `own_connection`, it shares that of others to the same target.
    """
    metadata = [("authorization", f"Bearer {token}")] if token else []
    options = [("grpc.use_local_subchannel_pool", int(own_connection))]
    async with grpc.aio.insecure_channel(target, options=options) as channel:
        call: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(method)
        supply = iter(requests())
        await _drive(call, islice(supply, warm_up), metadata, in_flight)
        started = time.perf_counter()
        latencies = await _drive(call, islice(supply, calls), metadata, in_flight)
        elapsed = time.perf_counter() - started
    latencies.sort()
    return Rate(
        len(latencies) / elapsed, latencies[len(latencies) // 2], latencies[int(len(latencies) * 0.99)]
    )


async def _drive(
    call: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes],
    requests: Iterable[bytes],
    metadata: list[tuple[str, str]],
    in_flight: int,
) -> list[float]:
    latencies: list[float] = []
    supply = iter(requests)

    async def work() -> None:
        for request in supply:
            started = time.perf_counter()
            await call(request, metadata=metadata, timeout=30)
            latencies.append(time.perf_counter() - started)

    await asyncio.gather(*(work() for _ in range(in_flight)))
    return latencies
