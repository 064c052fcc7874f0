"""What one event costs the server beyond its Send: to one device, and to ten.

At the same rate, sends to people who have no stream are compared with sends to people who have.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from benchmarks.crowd import ALL, STREAMS, crowd, person, prepare_crowd
from benchmarks.crowd_server import CrowdServer, bare_server, crowd_server
from benchmarks.figure import Figure
from benchmarks.paced import finish_sending, start_sending
from benchmarks.service import Service
from benchmarks.usage import cpu_seconds

_MESSAGES_PER_SECOND = 1_000
_SECONDS = 10
_WARM_UP_SENDS = 500
_MANY = 10


async def fan_out(service: Service) -> list[Figure]:
    """Processor time of the server, against a server that only writes."""
    for name_of in (person, _absent):
        await prepare_crowd(service, name_of)
    bare = await _bare_microseconds(service)
    one = await _microseconds(service, devices=1)
    many = await _microseconds(service, devices=_MANY)
    name = f"{ALL}, processor time of the server"
    return [
        Figure(f"{name}: an event to 1 device / bare message", one, bare, "µs", one / bare, ""),
        Figure(
            f"{name}: an event to {_MANY} devices / bare messages",
            many,
            bare * _MANY,
            "µs",
            many / bare / _MANY,
            "",
        ),
    ]


async def _bare_microseconds(service: Service) -> float:
    with bare_server(service, _MESSAGES_PER_SECOND) as server:
        async with crowd(service, server.target) as people:
            await people.open()
            before = cpu_seconds([server.pid])
            await asyncio.sleep(_SECONDS)
            return (cpu_seconds([server.pid]) - before) / _SECONDS / _MESSAGES_PER_SECOND * 1e6


async def _microseconds(service: Service, *, devices: int) -> float:
    watching = STREAMS // devices
    with crowd_server(service) as server:
        async with crowd(service, server.target, watching) as people:
            await people.open()
            away, here = ([name(number) for number in range(watching)] for name in (_absent, person))
            for warm_up in (away, here):
                await finish_sending(
                    await start_sending(service, server.target, 200, _WARM_UP_SENDS, warm_up)
                )
            per_second = _MESSAGES_PER_SECOND // devices
            nobody = await _of_sends(service, server, per_second, away)
            return await _of_sends(service, server, per_second, here) - nobody


async def _of_sends(service: Service, server: CrowdServer, per_second: int, people: Sequence[str]) -> float:
    """For one send."""
    sends = per_second * _SECONDS
    before = cpu_seconds([server.pid])
    await finish_sending(await start_sending(service, server.target, per_second, sends, people))
    return (cpu_seconds([server.pid]) - before) / sends * 1e6


def _absent(number: int) -> str:
    return f"absent-{number:05}"
