"""Which calls are let in when there are more than can be served in time.

So many calls are under way at once as `CallLimit` finds out. Further ones wait for a moment, in a line for
each tenant, and the lines are served in turn. What finds its line full, or has waited for the moment, is
refused.

A tenant may use whatever nobody else uses. When all is used, its share is what there is, divided by the
tenants that are there. One below its share goes before the others, and where everything is taken by calls
that last, into a reserve: it need not wait for others to finish.
"""

from __future__ import annotations

import asyncio

from carillon_server import telemetry
from carillon_server.domain.call_limit import CallLimit
from carillon_server.domain.errors import Reason, Refusal
from carillon_server.domain.fair_queue import FairQueue

MAX_WAIT_SECONDS = 0.03
_RESERVE = 4
"""The reserve is one in so many of the limit."""
_PLACES_PER_WAITING = 4
_RETRY_SECONDS = 1.0


class Admission:
    """The calls of one process."""

    def __init__(self, limit: CallLimit, *, max_waiting: int) -> None:
        self._limit = limit
        self._max_waiting = max_waiting
        self._under_way = 0
        self._held: dict[str, int] = {}
        """By tenant: calls under way."""
        self._queue: FairQueue[asyncio.Future[bool]] = FairQueue()
        telemetry.calls_limit.set_function(lambda: limit.value)
        telemetry.calls_under_way.set_function(lambda: self._under_way)
        telemetry.calls_waiting.set_function(lambda: len(self._queue))

    def enter_at_once(self, tenant: str) -> bool:
        """Whether the call is let in without waiting. One that is has to `leave`."""
        if self._under_way >= self._limit.value or self._queue:
            self._limit.full()
            if not self._has_reserve(tenant):
                return False
        self._take(tenant)
        return True

    async def enter(self, tenant: str) -> None:
        """Waits until the call is let in; it has to `leave`. Raises OVERLOADED."""
        self.check(tenant)
        loop = asyncio.get_running_loop()
        place: asyncio.Future[bool] = loop.create_future()
        self._queue.push(tenant, place)
        timer = loop.call_later(MAX_WAIT_SECONDS, _time_is_up, place)
        try:
            entered = await place
        except asyncio.CancelledError:
            if not place.cancelled() and place.result():
                self.leave(tenant)
            raise
        finally:
            timer.cancel()
            self._queue.remove(tenant, place)
        if not entered:
            raise self._refusal(tenant, "waited")

    def check(self, tenant: str) -> None:
        """Raises OVERLOADED where the line of the tenant is full: then its call need not even be read."""
        waiting, room = self._queue.length_of(tenant), self._room()
        if not waiting or len(self._queue) < room:
            return
        if waiting * self._queue.line_count >= room and not self._has_reserve(tenant):
            raise self._refusal(tenant, "full")

    def _room(self) -> int:
        """Of the queue: about as many as are let in while one waits. More would wait in vain."""
        return min(self._max_waiting, max(1, self._limit.value // _PLACES_PER_WAITING))

    def leave(self, tenant: str, seconds: float | None = None) -> None:
        """A call has ended. `seconds` is how long it took; None: that says nothing about the load."""
        self._under_way -= 1
        held = self._held[tenant] - 1
        if held:
            self._held[tenant] = held
        else:
            del self._held[tenant]
        if seconds is not None:
            self._limit.sample(seconds, asyncio.get_running_loop().time())
        while self._queue and self._under_way < self._limit.value:
            self._let_next_in()

    def _let_next_in(self) -> None:
        tenant, place = self._queue.pop()
        if not place.done():
            self._take(tenant)
            place.set_result(True)

    def _take(self, tenant: str) -> None:
        self._under_way += 1
        self._held[tenant] = self._held.get(tenant, 0) + 1

    def _has_reserve(self, tenant: str) -> bool:
        limit = self._limit.value
        if self._under_way < limit + max(1, limit // _RESERVE):
            return self._is_below_share(tenant)
        # The limit was just lowered, and those of the others are many more than it.
        held = self._held.get(tenant, 0)
        return held < limit // (_RESERVE * (len(self._held) + (held == 0)))

    def _is_below_share(self, tenant: str) -> bool:
        held = self._held.get(tenant, 0)
        tenants = len(self._held) + (held == 0)
        return held < max(1, self._limit.value // tenants)

    def _refusal(self, tenant: str, cause: str) -> Refusal:
        share = "below_share" if self._is_below_share(tenant) else "at_share"
        telemetry.calls_refused.labels(cause, share).inc()
        return Refusal(
            Reason.OVERLOADED, "more calls than can be served in time", retry_after_seconds=_RETRY_SECONDS
        )


def _time_is_up(place: asyncio.Future[bool]) -> None:
    if not place.done():
        place.set_result(False)
