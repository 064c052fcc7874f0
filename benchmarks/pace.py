"""A process of the load generator: unary sends at a steady rate, whether those before are answered or not.

`python -m benchmarks.pace TARGET SENDS_PER_SECOND SENDS`; the token and the people come as lines of JSON. It
says which sends were answered.
"""

from __future__ import annotations

import asyncio
import gc
import json
import secrets
import sys
import time
from collections import Counter
from contextlib import AsyncExitStack
from random import Random

import grpc
import uvloop

from benchmarks.load import REPEATING, Call
from benchmarks.screen import NUMBER_LABEL
from carillon.v1 import notification_service_pb2 as pb
from carillon.v1 import types_pb2

_SEND = "/carillon.v1.NotificationService/Send"
_CONNECTIONS = 8
_TIMEOUT_SECONDS = 10.0
_CONTENT = types_pb2.Content(
    title="A scan has finished",
    body="Twelve findings, two of them new. The report is ready for you.",
    action_url="/scans/2026",
    icon="check-circle",
)


class _Pace:
    def __init__(self, token: str, people: list[str]) -> None:
        self._metadata = [("authorization", f"Bearer {token}")]
        self._people = people
        self._rng = Random(len(people))
        self._name = secrets.token_hex(8)
        self.answered: list[int] = []
        self.latencies: list[float] = []
        self.delays: list[float] = []
        self.failures: Counter[str] = Counter()

    async def run(self, target: str, per_second: float, sends: int) -> None:
        """Each send at its time, or as soon after as this process gets to it."""
        async with AsyncExitStack() as stack, asyncio.TaskGroup() as under_way:
            channels = [
                await stack.enter_async_context(grpc.aio.insecure_channel(target, options=REPEATING))
                for _ in range(_CONNECTIONS)
            ]
            calls: list[Call] = [channel.unary_unary(_SEND) for channel in channels]
            started = time.monotonic()
            for number in range(sends):
                due = started + number / per_second
                await asyncio.sleep(max(0.0, due - time.monotonic()))
                self.delays.append(time.monotonic() - due)
                under_way.create_task(self._send(calls[number % _CONNECTIONS], number))

    async def _send(self, call: Call, number: int) -> None:
        request = pb.SendRequest(
            request_id=f"{self._name}-{number}",
            recipient_ids=[self._rng.choice(self._people)],
            type="scan.completed",
            category="scans",
            content=_CONTENT,
            labels={NUMBER_LABEL: str(number)},
        )
        started = time.monotonic()
        try:
            await call(request.SerializeToString(), metadata=self._metadata, timeout=_TIMEOUT_SECONDS)
        except grpc.aio.AioRpcError as error:
            self.failures[f"{error.code().name}: {error.details()}"] += 1
        else:
            self.answered.append(number)
            self.latencies.append(time.monotonic() - started)


def main() -> None:
    target, per_second, sends = sys.argv[1:]
    token, people = json.loads(sys.stdin.readline()), json.loads(sys.stdin.readline())
    pace = _Pace(token, people)
    gc.disable()  # its pauses would be taken for the service's
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(pace.run(target, float(per_second), int(sends)))
    told = {
        "answered": pace.answered,
        "latencies": pace.latencies,
        "delays": pace.delays,
        "failures": pace.failures,
    }
    print(json.dumps(told))


if __name__ == "__main__":
    main()
