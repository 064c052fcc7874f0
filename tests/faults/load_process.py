"""Sends of one tenant, in a process of its own so that it takes no time from anybody else's loop.

Nothing is repeated: each call is answered, refused, or ends without an answer, and what came of it is
counted. What is to be done comes as JSON on the command line, what came of it goes to standard output.
"""

from __future__ import annotations

import asyncio
import json
import resource
import sys
import time
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass, field
from random import Random

import grpc
from google.rpc.error_details_pb2 import ErrorInfo, RetryInfo
from google.rpc.status_pb2 import Status

from carillon.v1 import notification_service_pb2 as pb

_METHOD = "/carillon.v1.NotificationService/Send"
_CHANNELS = 4
_TICK_SECONDS = 0.005
_CALL_SECONDS = 5.0
_OPTIONS = [("grpc.use_local_subchannel_pool", 1), ("grpc.enable_retries", 0)]
PEOPLE = 2_000


@dataclass(frozen=True)
class Order:
    """What to do: `rate` calls a second whatever becomes of them, or, where that is 0, `in_flight` at once,
    each after the answer to the one before.
    """

    target: str
    token: str
    seconds: float
    rate: float = 0.0
    in_flight: int = 0
    recipients: int = 1
    """Of each send."""
    seed: int = 1


@dataclass
class Tally:
    """What came of it."""

    sent: int = 0
    answered: int = 0
    refused: int = 0
    bare: int = 0
    """Refused without saying why, or when to come again."""
    unknown: dict[str, int] = field(default_factory=dict)
    """Ended without an answer, by code."""
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    answer_seconds: list[float] = field(default_factory=list)
    """The median and the 99th percentile."""
    refusal_seconds: list[float] = field(default_factory=list)

    @property
    def possible(self) -> int:
        """What may have been carried out."""
        return self.answered + sum(self.unknown.values())


class _Load:
    def __init__(self, order: Order, calls: list[grpc.aio.UnaryUnaryMultiCallable[bytes, bytes]]) -> None:
        self._order = order
        self._calls = calls
        self._metadata = [("authorization", f"Bearer {order.token}")]
        self._rng = Random(order.seed)
        self.tally = Tally()
        self._answers: list[float] = []
        self._refusals: list[float] = []

    async def run(self) -> Tally:
        start = time.perf_counter()
        if self._order.rate:
            await self._at_rate(start)
        else:
            await asyncio.gather(*(self._in_turn(start) for _ in range(self._order.in_flight)))
        tally = self.tally
        tally.seconds = time.perf_counter() - start
        tally.answer_seconds = _percentiles(self._answers)
        tally.refusal_seconds = _percentiles(self._refusals)
        usage = resource.getrusage(resource.RUSAGE_SELF)
        tally.cpu_seconds = usage.ru_utime + usage.ru_stime
        return tally

    async def _in_turn(self, start: float) -> None:
        while time.perf_counter() - start < self._order.seconds:
            await self._call()

    async def _at_rate(self, start: float) -> None:
        async with asyncio.TaskGroup() as group:
            while (elapsed := time.perf_counter() - start) < self._order.seconds:
                for _ in range(int(elapsed * self._order.rate) - self.tally.sent):
                    self.tally.sent += 1
                    group.create_task(self._call(counted=True))
                await asyncio.sleep(_TICK_SECONDS)

    async def _call(self, *, counted: bool = False) -> None:
        if not counted:
            self.tally.sent += 1
        call = self._calls[self.tally.sent % len(self._calls)]
        request = self._request()
        start = time.perf_counter()
        try:
            await call(request, metadata=self._metadata, timeout=_CALL_SECONDS)
        except grpc.aio.AioRpcError as error:
            self._note(error, time.perf_counter() - start)
        else:
            self.tally.answered += 1
            self._answers.append(time.perf_counter() - start)

    def _note(self, error: grpc.aio.AioRpcError, seconds: float) -> None:
        if error.code() is not grpc.StatusCode.RESOURCE_EXHAUSTED:
            code = error.code().name
            self.tally.unknown[code] = self.tally.unknown.get(code, 0) + 1
            return
        self.tally.refused += 1
        self.tally.bare += not _tells(error)
        self._refusals.append(seconds)

    def _request(self) -> bytes:
        people = self._rng.sample(range(PEOPLE), self._order.recipients)
        return pb.SendRequest(
            type="scan.completed",
            recipient_ids=[f"person-{number}" for number in people],
            content={"title": "Scan finished"},
        ).SerializeToString()


def _tells(error: grpc.aio.AioRpcError) -> bool:
    """Why, and when to come again: to those who read it, and to gRPC itself."""
    trailers = dict(error.trailing_metadata() or ())
    raw = trailers.get("grpc-status-details-bin", b"")
    status = Status.FromString(raw if isinstance(raw, bytes) else raw.encode())
    info, delay = ErrorInfo(), RetryInfo()
    told = any(detail.Unpack(info) for detail in status.details) and any(
        d.Unpack(delay) for d in status.details
    )
    pushback_ms = int(trailers.get("grpc-retry-pushback-ms", 0))
    return told and info.reason == "OVERLOADED" and delay.retry_delay.ToMilliseconds() > 0 and pushback_ms > 0


def _percentiles(values: list[float]) -> list[float]:
    values.sort()
    return [values[len(values) // 2], values[int(len(values) * 0.99)]] if values else []


async def _carry_out(order: Order) -> Tally:
    async with AsyncExitStack() as stack:
        calls = []
        for _ in range(_CHANNELS):
            channel = await stack.enter_async_context(
                grpc.aio.insecure_channel(order.target, options=_OPTIONS)
            )
            await channel.channel_ready()
            calls.append(channel.unary_unary(_METHOD))
        return await _Load(order, calls).run()


async def carried_out(order: Order) -> Tally:
    """In a process of its own."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", __name__, json.dumps(asdict(order)), stdout=asyncio.subprocess.PIPE
    )
    told, _ = await process.communicate()
    assert process.returncode == 0, f"the load ended with {process.returncode}"
    return Tally(**json.loads(told))


if __name__ == "__main__":
    print(json.dumps(asdict(asyncio.run(_carry_out(Order(**json.loads(sys.argv[1])))))))  # noqa: T201
