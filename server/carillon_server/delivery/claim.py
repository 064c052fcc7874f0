"""Taking due deliveries: one transaction that asks again, for each, whether it is still wanted.

The attempt is counted and written before the provider is called, so a delivery that takes its worker down
with it runs out of attempts like any other. What was called back, has expired or is no longer wanted ends
here, however long ago it was sent.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from carillon_server.delivery import metrics
from carillon_server.domain.backoff import RetryPolicy
from carillon_server.domain.channel import Channel
from carillon_server.domain.delivery import DeliveryState
from carillon_server.domain.withdrawal import Standing, Withdrawal, find_withdrawal
from carillon_server.storage.database import Connection, Database
from carillon_server.storage.deliveries import Claim, Due, Ending, end, lock_due, take
from carillon_server.telemetry import get_logger

UNREADABLE = "unreadable"
"""`finish_reason` of a delivery whose rows make no sense."""
WORKER_LOST = "worker_lost"
"""`finish_reason` of a delivery whose last attempt never came back."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """What one claim found."""

    claims: tuple[Claim, ...]
    found: int
    """Due deliveries looked at, those that ended included."""


class Claimer:
    """Claims due deliveries for one worker."""

    def __init__(
        self,
        database: Database,
        providers: Mapping[Channel, str],
        policies: Mapping[Channel, RetryPolicy],
        lease_seconds: float,
    ) -> None:
        self._database = database
        self._providers = providers
        self._policies = policies
        self._lease_seconds = lease_seconds

    async def claim(self, limit: int) -> Claimed:
        """Takes up to `limit` due deliveries under a lease; raises what `Database.transaction` raises."""

        async def work(connection: Connection) -> Claimed:
            due = await lock_due(connection, limit)
            claims, endings = self._sort(due)
            if claims:
                await take(connection, claims, self._lease_seconds)
            if endings:
                await end(connection, endings)
            _report(endings)
            return Claimed(tuple(claims), len(due))

        return await self._database.transaction(work)

    def _sort(self, due: list[Due]) -> tuple[list[Claim], list[Ending]]:
        claims, endings = [], []
        for item in due:
            verdict = self._judge(item)
            if isinstance(verdict, Claim):
                claims.append(verdict)
            else:
                endings.append(verdict)
        return claims, endings

    def _judge(self, due: Due) -> Claim | Ending:
        if due.unreadable:
            return Ending(due.id, DeliveryState.REJECTED, UNREADABLE)
        if due.standing is None:
            return Ending(due.id, DeliveryState.CANCELLED, Withdrawal.REMOVED)
        withdrawal = find_withdrawal(due.standing, due.now)
        if withdrawal is not None:
            return Ending(due.id, DeliveryState.CANCELLED, withdrawal)
        if due.attempt_count >= self._policies[due.standing.channel].max_attempts:
            return Ending(due.id, DeliveryState.EXHAUSTED, WORKER_LOST)
        return self._claim(due, due.standing)

    def _claim(self, due: Due, standing: Standing) -> Claim:
        expires = standing.expire_time
        return Claim(
            id=due.id,
            fence=due.fence + 1,
            number=due.attempt_count + 1,
            channel=standing.channel,
            provider=self._providers.get(standing.channel, ""),
            address=due.address,
            locale=due.locale,
            payload=due.payload,
            request_trace=due.request_trace,
            remaining_seconds=(expires - due.now).total_seconds() if expires else math.inf,
            age_seconds=due.age_seconds,
        )


def _report(endings: list[Ending]) -> None:
    for ending in endings:
        metrics.withdrawn.labels(ending.reason).inc()
        get_logger().info("delivery.withdrawn", delivery_id=str(ending.id), reason=ending.reason)
