"""What one event costs the server that has the streams: to one device, and to ten.

The sends go to another server, so that this one does nothing else: it gets the events through Redis. What it
uses while sends go to people who have no stream is taken off. Heartbeats are seldom, because streams that get
events have fewer of them.
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
_SECONDS = 8
_WARM_UP_SENDS = 300
_MANY = 10
_HEARTBEAT_SECONDS = 300
_NAME = f"{ALL}, processor time of the server"


async def fan_out(service: Service) -> list[Figure]:
    """Processor time of the server, against a server that only writes."""
    for name_of in (person, _absent):
        await prepare_crowd(service, name_of)
    bare = await _bare_microseconds(service)
    one, many = [await _event_microseconds(service, devices) for devices in (1, _MANY)]
    return [
        _figure("an event to 1 device / bare message", one, bare),
        _figure(f"an event to {_MANY} devices / {_MANY} bare messages", many, bare * _MANY),
    ]


async def _event_microseconds(service: Service, devices: int) -> float:
    numbers, per_second = range(STREAMS // devices), _MESSAGES_PER_SECOND // devices
    with crowd_server(service) as server:
        async with crowd(service, server.target, len(numbers), _HEARTBEAT_SECONDS) as people:
            await people.open()
            nothing, events = [
                await _microseconds(service, server, per_second, [name_of(number) for number in numbers])
                for name_of in (_absent, person)
            ]
    return events - nothing


async def _microseconds(
    service: Service, server: CrowdServer, per_second: int, people: Sequence[str]
) -> float:
    """Of the server with the streams, for one send to these people."""
    sends = per_second * _SECONDS
    await finish_sending(await start_sending(service, service.target, 200, _WARM_UP_SENDS, people))
    before = cpu_seconds([server.pid])
    await finish_sending(await start_sending(service, service.target, per_second, sends, people))
    return (cpu_seconds([server.pid]) - before) / sends * 1e6


def _figure(what: str, ours: float, limit: float) -> Figure:
    return Figure(f"{_NAME}: {what}", ours, limit, "µs", ours / limit, "")


async def _bare_microseconds(service: Service) -> float:
    with bare_server(service, _MESSAGES_PER_SECOND) as server:
        async with crowd(service, server.target) as people:
            await people.open()
            before = cpu_seconds([server.pid])
            await asyncio.sleep(_SECONDS)
            return (cpu_seconds([server.pid]) - before) / _SECONDS / _MESSAGES_PER_SECOND * 1e6


def _absent(number: int) -> str:
    return f"absent-{number:05}"
