"""Callers and screens without a client's patience: they see every answer of the service as it is."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections import Counter
from collections.abc import AsyncIterator, Coroutine, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

import grpc
from google.protobuf.duration_pb2 import Duration

from carillon.v1.notification_service_pb2 import (
    GetCountsRequest,
    SendRequest,
    SubscribeRequest,
    SubscribeResponse,
)
from carillon.v1.notification_service_pb2_grpc import NotificationServiceStub
from carillon.v1.types_pb2 import Content
from tests.faults.installation import Installation
from tests.faults.oracle import REQUEST_LABEL, Oracle

_PAUSE_SECONDS = 0.02
_READ_EVERY = 4
_BODY = "x" * 1_500
"""Not so long that Postgres would compress it."""


@dataclass(frozen=True)
class Answer:
    """What one call led to."""

    code: grpc.StatusCode
    read: bool
    begun: float
    ended: float

    @property
    def failed(self) -> bool:
        return self.code is not grpc.StatusCode.OK


@dataclass
class Caller:
    """Calls one server again and again; a send that failed is repeated."""

    stub: NotificationServiceStub
    metadata: Sequence[tuple[str, str]]
    recipient_id: str
    oracle: Oracle
    limit_seconds: float
    answers: list[Answer] = field(default_factory=list)
    sends: int = 0

    async def call_on(self) -> None:
        """Until cancelled."""
        for number in itertools.count():
            begun = time.monotonic()
            read = number % _READ_EVERY == 0
            try:
                await (self._read() if read else self._send())
                code = grpc.StatusCode.OK
            except grpc.aio.AioRpcError as error:
                code = error.code()
            self.answers.append(Answer(code, read, begun, time.monotonic()))
            await asyncio.sleep(_PAUSE_SECONDS)

    def served_since(self, moment: float) -> bool:
        """With a read and a send."""
        served = {each.read for each in self.answers if each.begun >= moment and not each.failed}
        return len(served) == 2

    async def _send(self) -> None:
        request_id = f"{self.recipient_id}-{self.sends}"
        response = await self.stub.Send(
            SendRequest(
                type="scan.completed",
                recipient_ids=[self.recipient_id],
                content=Content(title=request_id, body=_BODY),
                labels={REQUEST_LABEL: request_id},
                request_id=request_id,
            ),
            metadata=self.metadata,
            timeout=self.limit_seconds,
        )
        self.oracle.told(request_id, response)
        self.sends += 1

    async def _read(self) -> None:
        request = GetCountsRequest(recipient_id=self.recipient_id)
        await self.stub.GetCounts(request, metadata=self.metadata, timeout=self.limit_seconds)


@dataclass
class Screen:
    """One stream, which has to stay."""

    stub: NotificationServiceStub
    metadata: Sequence[tuple[str, str]]
    recipient_id: str
    told: list[str] = field(default_factory=list)
    looks: bool = False

    async def look(self) -> None:
        """Until cancelled; raises what the stream ends with."""
        request = SubscribeRequest(recipient_id=self.recipient_id, heartbeat=Duration(seconds=1))
        async for event in self.stub.Subscribe(request, metadata=self.metadata):
            self._take(event)
        raise AssertionError("the stream ended")

    @property
    def repeated(self) -> int:
        return len(self.told) - len(set(self.told))

    def _take(self, event: SubscribeResponse) -> None:
        self.looks = True
        assert event.WhichOneof("event") in ("snapshot", "created", "heartbeat")
        self.told += [each.id for each in reversed(event.snapshot.notifications)]
        self.told += [each.id for each in event.created.notifications]


@dataclass(frozen=True)
class Bystanders:
    """For each person a caller at one server, and a screen at each."""

    callers: Sequence[Caller]
    screens: Sequence[Screen]

    def wrong(self) -> Counter[str]:
        """Answers that are neither OK nor UNAVAILABLE."""
        codes = Counter(answer.code.name for caller in self.callers for answer in caller.answers)
        return Counter({code: n for code, n in codes.items() if code not in ("OK", "UNAVAILABLE")})

    def slowest_refusal_seconds(self) -> float:
        refusals = [each for caller in self.callers for each in caller.answers if each.failed]
        return max((each.ended - each.begun for each in refusals), default=0.0)


@asynccontextmanager
async def bystanders(
    installation: Installation, oracle: Oracle, *, people: int, limit_seconds: float
) -> AsyncIterator[Bystanders]:
    """`limit_seconds`: whoever waits for longer gets DEADLINE_EXCEEDED."""
    token = installation.token("edge", "gateway", "notifications.send")
    metadata = (("authorization", f"Bearer {token}"),)
    options = (("grpc.enable_retries", 0),)
    names = [f"bystander-{number}" for number in range(people)]
    async with AsyncExitStack() as stack:
        stubs = []
        for number in range(len(installation.servers)):
            channel = grpc.aio.insecure_channel(installation.address(number), options=options)
            stubs.append(NotificationServiceStub(await stack.enter_async_context(channel)))
        yield Bystanders(
            [
                Caller(stubs[number % len(stubs)], metadata, name, oracle, limit_seconds)
                for number, name in enumerate(names)
            ],
            [Screen(stub, metadata, name) for name in names for stub in stubs],
        )


@asynccontextmanager
async def under_way(works: Iterable[Coroutine[None, None, None]]) -> AsyncIterator[None]:
    """They go on while the context is open; what one of them raises is raised."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(work) for work in works]
        yield
        for task in tasks:
            task.cancel()
