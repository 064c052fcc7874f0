"""Everybody cut off at once, and back.

Thousands of clients that try to connect take both cores for themselves, though in truth each has a machine of
its own. So here they are nice to what is measured.
"""

from __future__ import annotations

import asyncio
import time

from benchmarks.crowd import ALL, Crowd, crowd, prepare_crowd
from benchmarks.crowd_figures import at, missed, of_limit, repeated, share
from benchmarks.crowd_server import crowd_server
from benchmarks.figure import Figure
from benchmarks.paced import Sent, finish_sending, start_sending
from benchmarks.service import Service

_SENDS_PER_SECOND = 200
_SENDS = 3_000
_LIMIT_SECONDS = 30
_SEND_SECONDS = 0.25
_NICENESS = 10
_NAME = f"{ALL}, server killed"


async def reconnect_storm(service: Service) -> list[Figure]:
    """The server is killed and started again at once; another one takes sends meanwhile."""
    await prepare_crowd(service)
    with crowd_server(service) as server:
        async with crowd(service, server.target, niceness=_NICENESS) as people:
            await people.open()
            sending = await start_sending(service, service.target, _SENDS_PER_SECOND, _SENDS)
            await asyncio.sleep(2.0)
            killed = time.monotonic()
            server.kill()
            server.start()
            await asyncio.to_thread(server.wait_listening)
            ready = time.monotonic()
            await asyncio.sleep(1.0)
            await people.all_live()
            sent = await finish_sending(sending)
            await people.all_told(sent.answered)
    return _storm(people, sent, killed, ready)


def _storm(people: Crowd, sent: Sent, killed: float, ready: float) -> list[Figure]:
    begun = sorted(each for each in people.begun if each is not None)
    back = begun[-1] - killed
    waited = sorted(max(0.0, asked - ready) for asked in people.asked)
    served = sorted(live - asked for live, asked in people.streams)
    return [
        of_limit(f"{_NAME}: all live again", back, _LIMIT_SECONDS, "s"),
        of_limit(f"{_NAME}: 99 of 100 live again", at(begun, 0.99) - killed, _LIMIT_SECONDS, "s", ""),
        share(f"{_NAME}: until it listens again", ready - killed, back, "s"),
        share(f"{_NAME}: from then until one asks (back-off, jitter), p50", at(waited, 0.5), back, "s"),
        share(f"{_NAME}: from then until the last asks", waited[-1], back, "s"),
        share(f"{_NAME}: from asking to live, p50", at(served, 0.5), back, "s"),
        share(f"{_NAME}: from asking to live, p99", at(served, 0.99), back, "s"),
        of_limit(
            f"{_NAME}: sends at another server, p99", at(sorted(sent.latencies), 0.99), _SEND_SECONDS, "s"
        ),
        share(f"{_NAME}: sends without an answer", sum(sent.failures.values()), _SENDS, "sends"),
        missed(f"{_NAME}: sends missed", people, sent),
        repeated(f"{_NAME}: sends told twice", people, sent),
    ]
