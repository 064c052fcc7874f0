"""Ten thousand live streams on one server: what they cost, against a server that only holds them."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from benchmarks.crowd import ALL, STREAMS, crowd, prepare_crowd
from benchmarks.crowd_figures import of_limit
from benchmarks.crowd_server import CrowdServer, bare_server, crowd_server
from benchmarks.figure import Figure
from benchmarks.service import Service
from benchmarks.usage import cpu_seconds, memory_bytes

_SETTLE_SECONDS = 5.0
_LIMIT_SECONDS = 10


@dataclass(frozen=True)
class _Held:
    opened_seconds: float
    failures: int
    bytes_per_stream: float
    cpu_microseconds: float
    """Of the server, for one stream from its call to its first message."""


async def streams(service: Service) -> list[Figure]:
    """What one costs, against a stream of a server that only holds it."""
    await prepare_crowd(service)
    with bare_server(service) as server:
        bare = await _hold(service, server)
    with crowd_server(service) as server:
        ours = await _hold(service, server)
    memory = ours.bytes_per_stream / 1024, bare.bytes_per_stream / 1024
    return [
        Figure(f"{ALL}: memory of one / bare grpc.aio", *memory, "KiB", memory[0] / memory[1], "≤ 1.5"),
        of_limit(f"{ALL}: all open / {_LIMIT_SECONDS} s", ours.opened_seconds, _LIMIT_SECONDS, "s"),
        Figure(
            f"{ALL}: all open / bare grpc.aio",
            ours.opened_seconds,
            bare.opened_seconds,
            "s",
            ours.opened_seconds / bare.opened_seconds,
            "",
        ),
        Figure(
            f"{ALL}: opening one, processor time of the server / bare",
            ours.cpu_microseconds,
            bare.cpu_microseconds,
            "µs",
            ours.cpu_microseconds / bare.cpu_microseconds,
            "",
        ),
        Figure(
            f"{ALL}: failed at opening", ours.failures, STREAMS, "streams", ours.failures / STREAMS, "≤ 0"
        ),
    ]


async def _hold(service: Service, server: CrowdServer) -> _Held:
    memory = memory_bytes(server.pid)
    async with crowd(service, server.target) as people:
        cpu = cpu_seconds([server.pid])
        await people.open()
        cpu = cpu_seconds([server.pid]) - cpu
        await asyncio.sleep(_SETTLE_SECONDS)
        per_stream = (memory_bytes(server.pid) - memory) / STREAMS
    return _Held(people.opened_seconds, people.failures, per_stream, cpu / STREAMS * 1e6)
