"""Taking due deliveries: one transaction that asks again, for each, whether it is still wanted, and who could
take it now.

The attempt is counted and written before the provider is called, so a delivery that takes its worker down
with it runs out of attempts like any other. What was called back, has expired or is no longer wanted ends
here, however long ago it was sent. What nobody may take now waits, and nothing is counted.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import partial

from carillon_server.delivery import metrics
from carillon_server.delivery.alarm import Alarm
from carillon_server.delivery.queueing import WaitingLines
from carillon_server.delivery.routing.route import Route, Routes, Wait
from carillon_server.delivery.tenants import RecentTenants
from carillon_server.domain.backoff import RetryPolicy
from carillon_server.domain.channel import Channel
from carillon_server.domain.delivery import DeliveryState
from carillon_server.domain.lane import Lane
from carillon_server.domain.withdrawal import Standing, Withdrawal, find_withdrawal
from carillon_server.storage.database import Connection, Database
from carillon_server.storage.deliveries import (
    Claim,
    Ending,
    Postponement,
    end,
    lock_due,
    lock_suspects,
    postpone,
    take,
)
from carillon_server.storage.due_rows import Due
from carillon_server.storage.fallbacks import advance_fallbacks
from carillon_server.telemetry import get_logger

UNREADABLE = "unreadable"
"""`finish_reason` of a delivery whose rows make no sense."""
WORKER_LOST = "worker_lost"
"""`finish_reason` of a delivery whose last attempt never came back."""


@dataclass(frozen=True, slots=True)
class Assignment:
    """A claim, and the place with a provider that was found for it."""

    claim: Claim
    route: Route


@dataclass(frozen=True, slots=True)
class Claimed:
    """What one claim found."""

    assignments: tuple[Assignment, ...]
    found: int
    """Due deliveries looked at, those that ended or wait included."""


@dataclass(slots=True)
class _Sorted:
    """What becomes of the due deliveries of one transaction."""

    assignments: list[Assignment] = field(default_factory=list)
    endings: list[Ending] = field(default_factory=list)
    postponements: list[Postponement] = field(default_factory=list)

    def add(self, verdict: Assignment | Ending | Postponement) -> None:
        match verdict:
            case Assignment():
                self.assignments.append(verdict)
            case Ending():
                self.endings.append(verdict)
            case Postponement():
                self.postponements.append(verdict)

    def release(self) -> None:
        """Gives all places back."""
        for assignment in self.assignments:
            assignment.route.release()
        self.assignments.clear()


class Claimer:
    """Claims due deliveries for one worker."""

    def __init__(
        self,
        database: Database,
        routes: Routes,
        policies: Mapping[Channel, RetryPolicy],
        lines: WaitingLines,
        wake: Callable[[Collection[Lane]], None],
        lease_seconds: float,
    ) -> None:
        """`wake` is told of lanes in which a claim made something due, and when those that wait come back."""
        self._database = database
        self._routes = routes
        self._policies = policies
        self._lines = lines
        self._wake = wake
        self._alarms = {lane: Alarm(partial(wake, [lane])) for lane in Lane}
        self._lease_seconds = lease_seconds
        self._tenants = RecentTenants(routes)

    async def claim(self, lane: Lane, limit: int) -> Claimed:
        """Takes up to `limit` due deliveries of a lane under a lease; raises what `Database.transaction`
        raises.
        """
        return await self._claim(lambda connection: lock_due(connection, lane, limit))

    async def claim_suspects(self, limit: int) -> Claimed:
        """The same for those of all lanes whose last attempt never came back."""
        return await self._claim(lambda connection: lock_suspects(connection, limit))

    async def _claim(self, lock: Callable[[Connection], Awaitable[list[Due]]]) -> Claimed:
        found: list[_Sorted] = []

        async def work(connection: Connection) -> tuple[int, set[Lane]]:
            _release_all(found)  # of a try that ended in a deadlock
            due = await lock(connection)
            await self._tenants.meet({item.tenant for item in due})
            sorted_ = _Sorted()
            found.append(sorted_)
            for item in due:
                sorted_.add(self._judge(item))
            return len(due), await self._write(connection, sorted_)

        await self._tenants.refresh()
        try:
            count, called_up = await self._database.transaction(work)
        except BaseException:
            _release_all(found)
            raise
        if called_up:
            self._wake(called_up)
        outcome = found[-1]
        for waiting in outcome.postponements:
            self._alarms[waiting.lane].set(waiting.seconds)
        _report(outcome)
        return Claimed(tuple(outcome.assignments), count)

    async def _write(self, connection: Connection, found: _Sorted) -> set[Lane]:
        if found.assignments:
            await take(connection, [each.claim for each in found.assignments], self._lease_seconds)
        if found.postponements:
            await postpone(connection, found.postponements)
        if found.endings:
            await end(connection, found.endings)
        chains = {(each.id.inbox_id, each.id.seq) for each in found.endings if each.chained}
        return await advance_fallbacks(connection, chains) if chains else set()

    def _judge(self, due: Due) -> Assignment | Ending | Postponement:
        if due.unreadable:
            return _ending(due, DeliveryState.REJECTED, UNREADABLE)
        if due.unfinished and due.at_most_once:
            return _ending(due, DeliveryState.UNKNOWN, WORKER_LOST)
        if due.standing is None:
            return _ending(due, DeliveryState.CANCELLED, Withdrawal.REMOVED)
        withdrawal = find_withdrawal(due.standing, due.now)
        if withdrawal is not None:
            return _ending(due, DeliveryState.CANCELLED, withdrawal)
        if due.counted_attempts >= self._policies[due.standing.channel].max_attempts:
            return _ending(due, DeliveryState.EXHAUSTED, WORKER_LOST)
        return self._assign(due, due.standing)

    def _assign(self, due: Due, standing: Standing) -> Assignment | Ending | Postponement:
        choice = self._routes.choose(due.tenant, standing.channel, due.platform, due.tried, due.lane)
        if not isinstance(choice, Wait):
            return Assignment(_claim(due, standing, choice), choice)
        patience = self._policies[standing.channel].give_up_seconds - due.age_seconds
        if patience <= 0:
            return _ending(due, DeliveryState.EXHAUSTED, choice.reason)
        wait = self._lines.join((due.tenant, standing.channel, due.lane), choice)
        return Postponement(due.id, due.lane, min(wait, patience), choice.reason)


def _ending(due: Due, state: DeliveryState, reason: str) -> Ending:
    return Ending(due.id, state, reason, due.chained)


def _claim(due: Due, standing: Standing, route: Route) -> Claim:
    expires = standing.expire_time
    return Claim(
        id=due.id,
        lane=due.lane,
        fence=due.fence + 1,
        number=due.attempt_count + 1,
        try_number=due.counted_attempts + 1,
        tenant=due.tenant,
        recipient_id=standing.recipient_id,
        channel=standing.channel,
        platform=due.platform,
        provider=route.name,
        at_most_once=route.at_most_once,
        chained=due.chained,
        address=due.address,
        locale=due.locale,
        payload=due.payload,
        parts=due.parts,
        attachments=due.attachments,
        create_time=due.create_time,
        request_trace=due.request_trace,
        remaining_seconds=(expires - due.now).total_seconds() if expires else math.inf,
        age_seconds=due.age_seconds,
    )


def _release_all(found: list[_Sorted]) -> None:
    for each in found:
        each.release()


def _report(found: _Sorted) -> None:
    for ending in found.endings:
        metrics.withdrawn.labels(ending.reason).inc()
        get_logger().info("delivery.withdrawn", delivery_id=str(ending.id), reason=ending.reason)
    for postponement in found.postponements:
        metrics.postponed.labels(postponement.reason).inc()
