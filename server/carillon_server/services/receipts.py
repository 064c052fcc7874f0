"""Events of providers, applied to deliveries: each in one transaction, once by its id, forward only.

A provider may be faster than the commit of the attempt that it speaks of. Then there is nothing to apply the
event to, yet: it is kept as pending and answered with OK, because many providers do not ask twice.
`match_late` applies it when the attempt is written. Events about messages that are not ours (another system
may use the same account) stay pending until they are pruned, and are looked at for an hour.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from carillon_server.domain.lane import Lane
from carillon_server.domain.provider_event import ProviderEvent
from carillon_server.domain.receipt import retires_endpoint, settle
from carillon_server.services.ports import WorkerWaker
from carillon_server.services.progress import Progress
from carillon_server.storage.database import Connection, Database
from carillon_server.storage.fallbacks import advance_fallbacks
from carillon_server.storage.provider_events import (
    EventKey,
    Taken,
    add_event,
    apply,
    find_pending,
    lock_delivery_of,
    lock_pending,
    match,
    retire_endpoint,
)

_LATE_SECONDS = 3600.0
"""An attempt takes minutes at most to be written; what is unmatched after an hour is not ours."""


class Verdict(StrEnum):
    """What came of one event."""

    APPLIED = "applied"
    """It changed the delivery or its endpoint."""
    LATE = "late"
    """It changed nothing: something else was known already."""
    REPEATED = "repeated"
    UNMATCHED = "unmatched"
    """No delivery of this provider has such a message, or not yet."""


@dataclass(frozen=True, slots=True)
class _Settled:
    verdict: Verdict
    called_up: Collection[Lane] = ()
    """Where fallbacks are due now."""


class ReceiptService:
    """Applies events."""

    def __init__(self, database: Database, waker: WorkerWaker) -> None:
        self._database = database
        self._waker = waker

    async def record(self, tenant: str, provider: str, event: ProviderEvent) -> Verdict:
        """The event must come from this provider of this tenant."""

        async def work(connection: Connection) -> _Settled:
            # Locked first: of two that tell the same at once, the second waits and finds it told.
            taken = await lock_delivery_of(connection, tenant, provider, event)
            if not await add_event(connection, tenant, provider, event, taken):
                return _Settled(Verdict.REPEATED)
            if taken is None or taken.running:
                return _Settled(Verdict.UNMATCHED)
            return await _settle(connection, EventKey(tenant, provider, event.event_id), taken, event)

        return self._wake(await self._database.transaction(work))

    async def match_late(self, limit: int) -> Progress:
        """Applies up to `limit` events that were faster than the attempts that they speak of."""
        keys = await find_pending(self._database, _LATE_SECONDS, limit)
        for key in keys:
            await self._match(key)
        return Progress(len(keys), more=len(keys) == limit)

    async def _match(self, key: EventKey) -> None:
        async def work(connection: Connection) -> _Settled:
            event = await lock_pending(connection, key)
            if event is None:
                return _Settled(Verdict.REPEATED)
            taken = await lock_delivery_of(connection, key.tenant, key.provider, event)
            if taken is None or taken.running:
                return _Settled(Verdict.UNMATCHED)
            return await _settle(connection, key, taken, event)

        self._wake(await self._database.transaction(work))

    def _wake(self, settled: _Settled) -> Verdict:
        if settled.called_up:
            self._waker(settled.called_up)
        return settled.verdict


async def _settle(connection: Connection, key: EventKey, taken: Taken, event: ProviderEvent) -> _Settled:
    known = settle(taken.known, event, superseded=taken.superseded)
    applied = known != taken.known
    called_up: Collection[Lane] = ()
    if applied:
        await apply(connection, taken.id, known)
    if taken.chained and known.state is not taken.known.state:
        called_up = await advance_fallbacks(connection, [(taken.id.inbox_id, taken.id.seq)])
    if retires_endpoint(event.kind):
        reason = event.reason or event.kind.value
        applied = await retire_endpoint(connection, taken, reason, event.event_time) or applied
    await match(connection, key, taken.id, applied=applied)
    return _Settled(Verdict.APPLIED if applied else Verdict.LATE, called_up)
