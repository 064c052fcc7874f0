"""What operators do with deliveries: find them, hear their stories, try them again, end them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from carillon_server.domain.delivery import DeliveryState
from carillon_server.domain.delivery_query import (
    DeliveryFilter,
    DeliveryPlace,
    DeliveryStory,
    DeliveryView,
    RedriveOutcome,
)
from carillon_server.domain.errors import NotFound, Reason, Refusal
from carillon_server.domain.ids import DeliveryId, NotificationId
from carillon_server.domain.lane import Lane
from carillon_server.domain.story import NotificationFacts
from carillon_server.services.ports import WorkerWaker
from carillon_server.storage import delivery_reads, notification_story
from carillon_server.storage import redrive as redrives
from carillon_server.storage.database import Connection, Database
from carillon_server.storage.fallbacks import advance_fallbacks, lock_chains

MAX_COUNTED = 10_000
"""How far what remains of a redrive is counted."""
_DEFAULT_TIMEOUT_SECONDS = 10.0
_OBSTACLES = {
    "pending": "the delivery has not ended",
    "delivered": "the delivery was delivered",
    "removed": "its notification is gone",
    "expired": "its notification has expired",
}


class DeliveryService:
    """The deliveries of tenants; each change is one transaction."""

    def __init__(self, database: Database, waker: WorkerWaker) -> None:
        self._database = database
        self._waker = waker

    async def list(
        self,
        tenant: str,
        filter: DeliveryFilter,  # noqa: A002 - the name of the field
        *,
        page_size: int,
        after: DeliveryPlace | None,
        timeout: float | None,
    ) -> tuple[Sequence[DeliveryView], DeliveryPlace | None]:
        """A page, the newest first, and where the next one begins."""
        found = await delivery_reads.fetch_page(
            self._database, tenant, filter, after, page_size + 1, timeout=timeout
        )
        page = found[:page_size]
        return page, page[-1].place if len(found) > page_size else None

    async def get(self, tenant: str, delivery_id: DeliveryId, *, timeout: float | None) -> DeliveryStory:
        """Raises DELIVERY_NOT_FOUND."""
        delivery = await self._view(tenant, delivery_id, timeout)
        (story,) = await delivery_reads.fetch_stories(self._database, [delivery], timeout=timeout)
        return story

    async def explain(
        self, tenant: str, notification_id: NotificationId, *, timeout: float | None
    ) -> tuple[NotificationFacts, Sequence[DeliveryStory]]:
        """One notification and its deliveries. Raises NOTIFICATION_NOT_FOUND."""
        facts = await notification_story.fetch_facts(self._database, tenant, notification_id, timeout=timeout)
        if facts is None:
            raise NotFound(Reason.NOTIFICATION_NOT_FOUND)
        deliveries = await delivery_reads.fetch_deliveries_of(
            self._database, tenant, notification_id, timeout=timeout
        )
        return facts, await delivery_reads.fetch_stories(self._database, deliveries, timeout=timeout)

    async def retry(self, tenant: str, delivery_id: DeliveryId, *, timeout: float | None) -> DeliveryView:
        """Makes one that ended due again. Raises DELIVERY_NOT_FOUND and DELIVERY_NOT_RETRYABLE."""

        async def work(connection: Connection) -> Lane:
            found = await redrives.lock_for_retry(connection, tenant, delivery_id)
            if found is None:
                raise NotFound(Reason.DELIVERY_NOT_FOUND)
            _refuse(*found)
            return await redrives.retry(connection, delivery_id)

        lane = await self._database.transaction(work, timeout_seconds=timeout or _DEFAULT_TIMEOUT_SECONDS)
        self._waker([lane])
        return await self._view(tenant, delivery_id, timeout)

    async def redrive(
        self,
        tenant: str,
        filter: DeliveryFilter,  # noqa: A002 - the name of the field
        *,
        max_count: int,
        after: DeliveryPlace | None,
        timeout: float | None,
    ) -> RedriveOutcome:
        """Makes the oldest due again, at most `max_count`."""
        filter = _with_states(filter)  # noqa: A001 - the name of the field

        async def work(connection: Connection) -> Sequence[tuple[DeliveryPlace, Lane]]:
            return await redrives.redrive(connection, tenant, filter, after, max_count)

        found = await self._database.transaction(work, timeout_seconds=timeout or _DEFAULT_TIMEOUT_SECONDS)
        if found:
            self._waker({lane for _, lane in found})
        last = max((place for place, _ in found), key=_order) if found else after
        remaining = await self._count(tenant, filter, last, timeout)
        return RedriveOutcome(len(found), remaining, last if remaining else None)

    async def count_redrive(
        self,
        tenant: str,
        filter: DeliveryFilter,  # noqa: A002 - the name of the field
        *,
        after: DeliveryPlace | None,
        timeout: float | None,
    ) -> RedriveOutcome:
        """What a redrive would find; nothing is changed."""
        remaining = await self._count(tenant, _with_states(filter), after, timeout)
        return RedriveOutcome(0, remaining, None)

    async def cancel(self, tenant: str, delivery_id: DeliveryId, *, timeout: float | None) -> DeliveryView:
        """Ends one that has not ended; others stay as they are. Raises DELIVERY_NOT_FOUND."""
        await self._view(tenant, delivery_id, timeout)
        chain = [(delivery_id.inbox_id, delivery_id.seq)]

        async def work(connection: Connection) -> set[Lane]:
            await lock_chains(connection, chain)
            cancelled = await redrives.cancel(connection, tenant, delivery_id)
            return await advance_fallbacks(connection, chain) if cancelled else set()

        lanes = await self._database.transaction(work, timeout_seconds=timeout or _DEFAULT_TIMEOUT_SECONDS)
        if lanes:
            self._waker(lanes)
        return await self._view(tenant, delivery_id, timeout)

    async def _view(self, tenant: str, delivery_id: DeliveryId, timeout: float | None) -> DeliveryView:
        delivery = await delivery_reads.fetch_delivery(self._database, tenant, delivery_id, timeout=timeout)
        if delivery is None:
            raise NotFound(Reason.DELIVERY_NOT_FOUND)
        return delivery

    async def _count(
        self,
        tenant: str,
        filter: DeliveryFilter,  # noqa: A002 - the name of the field
        after: DeliveryPlace | None,
        timeout: float | None,
    ) -> int:
        return await redrives.count(self._database, tenant, filter, after, MAX_COUNTED, timeout=timeout)


def _with_states(filter: DeliveryFilter) -> DeliveryFilter:  # noqa: A002 - the name of the field
    return filter if filter.states else replace(filter, states=(DeliveryState.EXHAUSTED,))


def _order(place: DeliveryPlace) -> tuple[object, ...]:
    return place.create_time, place.id.inbox_id, place.id.seq, place.id.ordinal


def _refuse(state: DeliveryState, obstacle: str) -> None:
    if obstacle:
        raise Refusal(
            Reason.DELIVERY_NOT_RETRYABLE,
            _OBSTACLES[obstacle],
            metadata={"state": state.name, "cause": obstacle},
        )
