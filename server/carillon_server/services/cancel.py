"""Stopping what has not happened yet."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from carillon_server.domain.ids import NotificationId
from carillon_server.domain.inbox import InboxAddress, InboxState
from carillon_server.domain.notification import ChangeKind, InboxChange
from carillon_server.services.ports import ChangePublisher
from carillon_server.storage.cancels import find_by_collapse_key, find_cancellable
from carillon_server.storage.database import Connection, Database
from carillon_server.storage.inboxes import lock_inboxes, move_on
from carillon_server.storage.removals import Removal, bury, call_back

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
    states = {inbox_id: inbox.state for inbox_id, inbox in inboxes.items()}
    removals, changes = [], []
    for notification in found:
        if notification.scheduled:
            state = _next(states[notification.id.inbox_id])
            states[notification.id.inbox_id] = state
            removals.append(Removal(notification.id.inbox_id, notification.id.seq, state.version))
            changes.append(InboxChange(notification.id.inbox_id, state.version, state, ChangeKind.NOTHING))
    delivered = await call_back(connection, [(n.id.inbox_id, n.id.seq) for n in found], _CANCELLED)
    if removals:
        await bury(connection, removals, _CANCELLED)
        await move_on(connection, {removal.inbox_id: states[removal.inbox_id] for removal in removals})
    return CancelOutcome(len(removals), delivered), changes


def _next(state: InboxState) -> InboxState:
    return replace(state, version=state.version + 1)
