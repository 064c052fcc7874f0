"""The screen of one person: a live stream by the client that callers use, and what it was told."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from google.protobuf.duration_pb2 import Duration

from carillon import AsyncClient
from carillon._async_subscription import AsyncSubscription
from carillon._resume import Pause, Resumption
from carillon.errors import CarillonError
from carillon.v1.notification_service_pb2 import SubscribeRequest, SubscribeResponse

NUMBER_LABEL = "number"


@dataclass
class Told:
    """What the screens of one process were told, in the order of its coming."""

    numbers: list[int] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    """From the `create_time` of each, which Postgres takes right before it locks the inbox."""
    resets: int = 0


class Observed(Resumption):
    """As the client's, and notes when streams begin and end."""

    def __init__(self, heartbeat_seconds: int) -> None:
        request = SubscribeRequest(heartbeat=Duration(seconds=heartbeat_seconds))
        super().__init__(request, patience_seconds=None)
        self.asked_time = 0.0
        """When the last stream was asked for, in seconds of the monotonic clock, which processes share."""
        self.live_time: float | None = None
        """When it said something for the first time; None: not yet."""
        self.failures = 0

    def start(self, now: float) -> SubscribeRequest:
        self.asked_time = now
        return super().start(now)

    def receive(self, message: SubscribeResponse, now: float) -> SubscribeResponse | Pause | None:
        if self.live_time is None:
            self.live_time = now
        return super().receive(message, now)

    def fail(self, error: CarillonError, now: float) -> Pause:
        self.failures += 1
        self.live_time = None
        return super().fail(error, now)


class Screen:
    """One of many on the same connections."""

    def __init__(self, client: AsyncClient, token: str, told: Told, heartbeat_seconds: int) -> None:
        self.observed = Observed(heartbeat_seconds)
        self._own = client.with_options(token=token)
        self._told = told

    async def watch(self) -> None:
        """Until cancelled."""
        own = self._own
        connection, options = own._connection, own._options  # noqa: SLF001 - `subscribe` would not observe
        async with AsyncSubscription(connection, options, self.observed) as subscription:
            async for event in subscription:
                self._take(event, time.time())

    def _take(self, event: SubscribeResponse, now: float) -> None:
        match event.WhichOneof("event"):
            case "created":
                for each in event.created.notifications:
                    self._told.numbers.append(int(each.labels[NUMBER_LABEL]))
                    self._told.seconds.append(now - each.create_time.ToNanoseconds() / 1e9)
            case "reset":
                self._told.resets += 1
