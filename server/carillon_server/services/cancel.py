"""Stopping what has not happened yet."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from carillon_server.domain.ids import NotificationId
from carillon_server.domain.inbox import InboxAddress
from carillon_server.domain.notification import InboxChange
from carillon_server.services.inbox_ledger import InboxLedger
from carillon_server.services.ports import ChangePublisher
from carillon_server.storage.cancels import find_by_collapse_key, find_cancellable
from carillon_server.storage.database import Connection, Database
from carillon_server.storage.inboxes import lock_inboxes
from carillon_server.storage.removals import call_back

_CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class CancelOutcome:
    """What was stopped."""

    notifications: int = 0
    """Scheduled ones that will not appear."""
    deliveries: int = 0
    """Deliveries that will not be sent."""


class Canceller:
    """Cancels in one transaction: scheduled notifications go, undelivered deliveries are called back."""

    def __init__(self, database: Database, publisher: ChangePublisher) -> None:
        self._database = database
        self._publisher = publisher

    async def find(self, addresses: Sequence[InboxAddress], collapse_key: str) -> list[NotificationId]:
        """What was sent to these inboxes under a collapse key."""
        async with self._database.connection() as connection:
            return await find_by_collapse_key(connection, [a.inbox_id for a in addresses], collapse_key)

    async def cancel(
        self, tenant: str, ids: Collection[NotificationId], sender: str | None, *, timeout: float | None
    ) -> CancelOutcome:
        """Of `ids`, those of the tenant that `sender` sent; None: whoever sent them."""
        if not ids:
            return CancelOutcome()

        async def work(connection: Connection) -> tuple[CancelOutcome, list[InboxChange]]:
            return await _cancel(connection, tenant, ids, sender)

        outcome, changes = await self._database.transaction(work, timeout_seconds=timeout or 10.0)
        self._publisher(changes)
        return outcome


async def _cancel(
    connection: Connection, tenant: str, ids: Collection[NotificationId], sender: str | None
) -> tuple[CancelOutcome, list[InboxChange]]:
    inboxes = await lock_inboxes(connection, {each.inbox_id for each in ids})
    found = await find_cancellable(connection, tenant, ids, sender)
    if not found:
        return CancelOutcome(), []
    delivered = await call_back(connection, [(each.id.inbox_id, each.id.seq) for each in found], _CANCELLED)
    ledger = InboxLedger(inboxes)
    for each in found:
        if each.scheduled:
            ledger.withdraw(each.id.inbox_id, each.id.seq)
    await ledger.write(connection, _CANCELLED)
    return CancelOutcome(len(ledger.removals), delivered), ledger.changes
