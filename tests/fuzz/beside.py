"""Ordinary calls beside an attack: a reader and a sender that pause between calls, and how long each took."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field

import grpc

from carillon.v1 import notification_service_pb2 as pb
from carillon_server.domain.identity import Role
from tests.fuzz.service import Service
from tests.transport.caller import Caller, Refused
from tests.transport.requests import build

_PAUSE_SECONDS = 0.01
_LIMIT_SECONDS = 10.0


@dataclass
class Beside:
    """What ordinary callers met."""

    seconds: list[float] = field(default_factory=list)
    refusals: list[Refused] = field(default_factory=list)

    def quantile_ms(self, share: float) -> float:
        ordered = sorted(self.seconds)
        return 1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))]


async def ordinary_calls(service: Service, seconds: float, callers: int = 4) -> Beside:
    """So many callers for so long, each on a connection of its own; half of them send, half of them read."""
    beside = Beside()
    ending = time.monotonic() + seconds
    await asyncio.gather(*(_call(service, beside, number, ending) for number in range(callers)))
    return beside


async def _call(service: Service, beside: Beside, number: int, ending: float) -> None:
    reads = number % 2 == 0
    role = Role.USER if reads else Role.PRODUCER
    name, request = ("GetCounts", pb.GetCountsRequest()) if reads else ("Send", build("Send"))
    # A connection of its own, which shared channels would not be.
    options = [("grpc.use_local_subchannel_pool", 1)]
    async with grpc.aio.insecure_channel(service.address, options=options) as channel:
        caller = Caller(channel, service.issuer.token("acme", f"beside-{number}", [role]))
        while not beside.seconds or time.monotonic() < ending:
            begun = time.perf_counter()
            try:
                await caller.call(name, request, timeout=_LIMIT_SECONDS)
                beside.seconds.append(time.perf_counter() - begun)
            except Refused as refused:
                beside.refusals.append(refused)
            await asyncio.sleep(_PAUSE_SECONDS)
