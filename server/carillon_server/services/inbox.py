"""What a person does with their inbox. Every change is one transaction under the row lock of the inbox."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

from carillon_server.domain.errors import NotFound, Reason, Refusal
from carillon_server.domain.identity import Principal
from carillon_server.domain.ids import NotificationId
from carillon_server.domain.inbox import EMPTY_INBOX, Counts, InboxAddress, InboxState
from carillon_server.domain.inbox_query import (
    InboxCounts,
    InboxFilter,
    InboxPage,
    Mark,
    MarkOutcome,
    Selection,
)
from carillon_server.domain.notification import ChangeKind, InboxChange, StoredNotification
from carillon_server.services.ports import ChangePublisher
from carillon_server.storage import inbox_reads
from carillon_server.storage.database import Connection, Database
from carillon_server.storage.inboxes import add_counters, ensure_inboxes, lock_inbox, move_on
from carillon_server.storage.marks import MarkedRow, apply_mark, fetch_changed, take_action
from carillon_server.storage.removals import call_back

MAX_CARRIED = 50
"""A change of more notifications than this is told without them: readers fetch."""
_DEFAULT_TIMEOUT_SECONDS = 10.0
_DELETED = "deleted"


class InboxService:
    """Reads and changes inboxes."""

    def __init__(
        self,
        database: Database,
        publisher: ChangePublisher,
        *,
        action_ids: Callable[[bytes], Collection[str]],
    ) -> None:
        """`action_ids` tells which actions a payload offers."""
        self._database = database
        self._publisher = publisher
        self._action_ids = action_ids

    async def get(
        self, address: InboxAddress, notification_id: NotificationId, *, timeout: float | None
    ) -> StoredNotification:
        """One notification of the inbox or its archive."""
        _own(address, notification_id)
        found = await inbox_reads.fetch_visible(self._database, address, notification_id.seq, timeout=timeout)
        if found is None:
            raise NotFound(Reason.NOTIFICATION_NOT_FOUND)
        return found

    async def get_sent(
        self, principal: Principal, notification_id: NotificationId, *, timeout: float | None
    ) -> StoredNotification:
        """One notification that the caller sent."""
        found = await inbox_reads.fetch_sent(
            self._database, principal.tenant, principal.subject, notification_id, timeout=timeout
        )
        if found is None:
            raise NotFound(Reason.NOTIFICATION_NOT_FOUND)
        return found

    async def list(
        self,
        address: InboxAddress,
        filter: InboxFilter,  # noqa: A002 - the name of the field
        *,
        page_size: int,
        before_position: int | None,
        timeout: float | None,
    ) -> InboxPage:
        """A page, newest first."""
        page = await self._page(address, filter, page_size, before_position, timeout)
        if page.state is EMPTY_INBOX:
            # The page carries a cursor, and only an inbox that exists has an epoch that lasts.
            await ensure_inboxes(self._database, [address])
            page = await self._page(address, filter, page_size, before_position, timeout)
        return page

    async def _page(
        self,
        address: InboxAddress,
        filter: InboxFilter,  # noqa: A002 - the name of the field
        page_size: int,
        before_position: int | None,
        timeout: float | None,
    ) -> InboxPage:
        return await inbox_reads.fetch_page(
            self._database,
            address,
            filter,
            page_size=page_size,
            before_position=before_position,
            timeout=timeout,
        )

    async def counts(self, address: InboxAddress, *, timeout: float | None) -> InboxCounts:
        """Exact counters, by type, category and priority too."""
        counts = await inbox_reads.fetch_counts(self._database, address.inbox_id, timeout=timeout)
        if counts.state is EMPTY_INBOX:
            await ensure_inboxes(self._database, [address])
            counts = await inbox_reads.fetch_counts(self._database, address.inbox_id, timeout=timeout)
        return counts

    async def mark(
        self, address: InboxAddress, mark: Mark, selection: Selection, *, timeout: float | None
    ) -> MarkOutcome:
        """Marks what is selected and not yet so marked; ids of other inboxes are passed over."""
        if selection.ids is not None:
            own = tuple(each for each in selection.ids if each.inbox_id == address.inbox_id)
            selection = replace(selection, ids=own)

        async def work(connection: Connection) -> tuple[MarkOutcome, InboxChange | None]:
            return await _mark(connection, address, mark, selection)

        await self._ensure(address)
        outcome, change = await self._database.transaction(
            work, timeout_seconds=timeout or _DEFAULT_TIMEOUT_SECONDS
        )
        if change:
            self._publisher([change])
        return outcome

    async def record_action(
        self, address: InboxAddress, notification_id: NotificationId, action_id: str, *, timeout: float | None
    ) -> tuple[StoredNotification, InboxState]:
        """Records the first action taken; the same again changes nothing, another is refused."""
        _own(address, notification_id)

        async def work(connection: Connection) -> tuple[StoredNotification, InboxState, bool]:
            return await self._take_action(connection, address, notification_id, action_id)

        stored, state, changed = await self._database.transaction(
            work, timeout_seconds=timeout or _DEFAULT_TIMEOUT_SECONDS
        )
        if changed:
            self._publisher([_change(address, state.version, state, ChangeKind.CHANGED, [stored])])
        return stored, state

    async def _take_action(
        self,
        connection: Connection,
        address: InboxAddress,
        notification_id: NotificationId,
        action_id: str,
    ) -> tuple[StoredNotification, InboxState, bool]:
        state = await lock_inbox(connection, address.inbox_id)
        found = await inbox_reads.fetch_visible_in(connection, address, notification_id.seq)
        if state is None or found is None:
            raise NotFound(Reason.NOTIFICATION_NOT_FOUND)
        if action_id not in self._action_ids(found.payload):
            raise NotFound(Reason.ACTION_NOT_FOUND)
        if found.action_id == action_id:
            return found, state, False
        if found.action_id:
            raise Refusal(Reason.ACTION_ALREADY_TAKEN, "another action was recorded before")
        state = replace(state, version=state.version + 1)
        await move_on(connection, {address.inbox_id: state})
        stored = await take_action(connection, address, found.seq, action_id, state.version)
        return stored, state, True

    async def ack(
        self, address: InboxAddress, device_id: str, version: int, *, timeout: float | None
    ) -> None:
        """Remembers how far a device came."""
        await inbox_reads.store_ack(self._database, address.inbox_id, device_id, version, timeout=timeout)

    async def reconcile(
        self, address: InboxAddress, ids: Sequence[NotificationId], *, timeout: float | None
    ) -> Sequence[NotificationId]:
        """Of the ids that a device shows, those to drop."""
        own = [each.seq for each in ids if each.inbox_id == address.inbox_id]
        shown = await inbox_reads.fetch_still_shown(self._database, address.inbox_id, own, timeout=timeout)
        return [each for each in ids if each.inbox_id != address.inbox_id or each.seq not in shown]

    async def _ensure(self, address: InboxAddress) -> None:
        if not await inbox_reads.inbox_exists(self._database, address.inbox_id):
            await ensure_inboxes(self._database, [address])


async def _mark(
    connection: Connection, address: InboxAddress, mark: Mark, selection: Selection
) -> tuple[MarkOutcome, InboxChange | None]:
    state = await lock_inbox(connection, address.inbox_id)
    if state is None:
        raise NotFound(Reason.RECIPIENT_NOT_FOUND)
    rows = await apply_mark(connection, address.inbox_id, state.version, mark, selection)
    if not rows:
        return MarkOutcome(0, state), None
    after = replace(state, version=state.version + len(rows), counts=_counted(state.counts, rows))
    await move_on(connection, {address.inbox_id: after})
    await add_counters(connection, [(row.counter_key, row.after - row.before) for row in rows])
    if mark is Mark.DELETE:
        await call_back(connection, [(address.inbox_id, row.seq) for row in rows], _DELETED)
    carried = await _carried(connection, address, state, rows)
    kind = ChangeKind.REMOVED if mark is Mark.DELETE else ChangeKind.CHANGED
    return MarkOutcome(len(rows), after), _change(address, state.version + 1, after, kind, carried)


async def _carried(
    connection: Connection, address: InboxAddress, before: InboxState, rows: Sequence[MarkedRow]
) -> Sequence[StoredNotification]:
    if len(rows) > MAX_CARRIED:
        return ()
    return await fetch_changed(connection, address, before.version)


def _counted(counts: Counts, rows: Sequence[MarkedRow]) -> Counts:
    for row in rows:
        counts = counts + (row.after - row.before)
    return counts


def _change(
    address: InboxAddress,
    first_version: int,
    state: InboxState,
    kind: ChangeKind,
    carried: Sequence[StoredNotification],
) -> InboxChange:
    return InboxChange(address.inbox_id, first_version, state, kind, tuple(carried), complete=bool(carried))


def _own(address: InboxAddress, notification_id: NotificationId) -> None:
    if notification_id.inbox_id != address.inbox_id:
        raise NotFound(Reason.NOTIFICATION_NOT_FOUND)
