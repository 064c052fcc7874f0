"""Retention: notifications go to the archive when their type says so, and out of it for good.

What a person does comes first. Pinned notifications stay where they are, and so does what somebody took out
of the archive; what somebody archived is kept there for as long as anything else of its type.
"""

from __future__ import annotations

from dataclasses import replace

from carillon_server.domain.notification import InboxChange, Stage, StoredNotification
from carillon_server.services.inbox_ledger import InboxLedger, counter_key
from carillon_server.services.ports import ChangePublisher
from carillon_server.services.progress import IDLE, Progress
from carillon_server.services.told_work import transact_and_tell
from carillon_server.storage.database import Connection, Database
from carillon_server.storage.inboxes import lock_inboxes
from carillon_server.storage.retention import ArchiveRow, archive, find_retained, read_retained
from carillon_server.storage.schedule import Turn, take_turn

_REASON = "retention"
"""`finish_reason` of deliveries that were still waiting when their notification went for good."""


class RetainService:
    """Archives what has been in the inbox for long enough, and removes what has been in the archive for long
    enough.
    """

    def __init__(self, database: Database, publisher: ChangePublisher) -> None:
        self._database = database
        self._publisher = publisher

    async def retain_due(self, limit: int) -> Progress:
        """At most `limit`, in one transaction."""
        return await transact_and_tell(self._database, self._publisher, _transact, limit)


async def _transact(connection: Connection, limit: int) -> tuple[Progress, list[InboxChange]]:
    keys = await find_retained(connection, limit) if await take_turn(connection, Turn.RETAIN) else []
    if not keys:
        return IDLE, []
    inboxes = await lock_inboxes(connection, {inbox_id for inbox_id, _ in keys})
    due = await read_retained(connection, keys)
    if not due:
        return IDLE, []
    ledger = InboxLedger(inboxes)
    archivals = []
    for stored in due:
        if stored.archive_time is None:
            archivals.append(_archive(ledger, stored))
        else:
            _remove(ledger, stored)
    if archivals:
        await archive(connection, archivals, ledger.now)
    await ledger.write(connection, _REASON)
    return Progress(len(due), more=len(keys) == limit), ledger.changes


def _archive(ledger: InboxLedger, stored: StoredNotification) -> ArchiveRow:
    """What never was in the inbox is archived too: from then on its time to go is counted."""
    version = ledger.next_version(stored.inbox_id)
    if stored.stage is Stage.VISIBLE:
        ledger.change(stored, replace(stored, archive_time=ledger.now, change_version=version))
    else:
        ledger.pass_over(stored.inbox_id)
    return ArchiveRow(stored.inbox_id, stored.seq, version)


def _remove(ledger: InboxLedger, stored: StoredNotification) -> None:
    if stored.stage is Stage.VISIBLE:
        ledger.remove(stored.inbox_id, stored.seq, stored.counts, counter_key(stored))
    else:
        ledger.withdraw(stored.inbox_id, stored.seq)
