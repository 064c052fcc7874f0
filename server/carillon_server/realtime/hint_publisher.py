"""Tells other processes what this one committed. A hint is never waited for and may be lost.

One task sends what has gathered: it first asks Redis which of the inboxes anybody else listens to, which
costs a microsecond each, and encodes and publishes for those alone. Most notifications go to people who are
not looking.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence

from redis.asyncio import Redis
from redis.exceptions import RedisError

from carillon_server import telemetry
from carillon_server.domain.notification import InboxChange
from carillon_server.realtime.event import EventFactory, LiveEvent
from carillon_server.realtime.hint_seal import HintSealer
from carillon_server.storage.installation import Installation

MAX_QUEUE = 10_000
_MAX_BATCH = 500
_TIMEOUT_SECONDS = 1.0
_PAUSE_SECONDS = 1.0

Outgoing = tuple[InboxChange, LiveEvent | None]
"""A change, and its event if it was built for a stream of this process."""


class HintPublisher:
    """A bounded queue in front of Redis; while Redis is away hints are dropped."""

    def __init__(
        self,
        redis_url: str,
        sealer: HintSealer,
        factory: EventFactory,
        installation: Installation,
        listens: Callable[[bytes], bool],
    ) -> None:
        # Bounded in `run`: see the listener for why not here.
        self._redis = Redis.from_url(redis_url, socket_timeout=None)
        self._sealer = sealer
        self._factory = factory
        self._installation = installation
        self._listens = listens
        """Whether this process itself is subscribed to a channel."""
        self._queue: deque[Outgoing] = deque()
        self._filled = asyncio.Event()
        self._paused_until = 0.0
        self._away = False

    def enqueue(self, change: InboxChange, event: LiveEvent | None) -> None:
        """Returns at once."""
        if asyncio.get_running_loop().time() < self._paused_until:
            telemetry.hints_dropped.labels("away").inc()
        elif len(self._queue) >= MAX_QUEUE:
            telemetry.hints_dropped.labels("full").inc()
        else:
            self._queue.append((change, event))
            self._filled.set()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self._filled.wait()
            batch = [self._queue.popleft() for _ in range(min(len(self._queue), _MAX_BATCH))]
            if not self._queue:
                self._filled.clear()
            try:
                async with asyncio.timeout(_TIMEOUT_SECONDS):
                    await self._publish(batch)
                self._away = False
            except (RedisError, OSError) as error:
                self._pause(len(batch), error)

    async def close(self) -> None:
        """Closes the connection."""
        await self._redis.aclose()

    def _pause(self, unsent: int, error: Exception) -> None:
        if not self._away:
            telemetry.get_logger().warning("hints.redis_away", error=type(error).__name__)
        self._away = True
        telemetry.hints_dropped.labels("away").inc(unsent + len(self._queue))
        self._queue.clear()
        self._filled.clear()
        self._paused_until = asyncio.get_running_loop().time() + _PAUSE_SECONDS

    async def _publish(self, batch: Sequence[Outgoing]) -> None:
        channels = [self._sealer.publishing_channel(change.inbox_id) for change, _ in batch]
        counts = dict(await self._redis.pubsub_numsub(*set(channels)))
        pipeline = self._redis.pipeline(transaction=False)
        for channel, (change, event) in zip(channels, batch, strict=True):
            others = counts.get(channel, 0) - int(self._listens(channel))
            if others > 0:
                built = event or self._factory.build(change)
                pipeline.publish(channel, self._sealer.seal(channel, self._installation.epoch, built))
        if len(pipeline):
            telemetry.hints_published.inc(len(pipeline))
            await pipeline.execute()
