"""Notifications go by themselves when their `expire_time` has come, and so do their deliveries."""

from __future__ import annotations

from carillon_server.domain.notification import InboxChange, Stage
from carillon_server.domain.withdrawal import Withdrawal
from carillon_server.services.inbox_ledger import InboxLedger, counter_key
from carillon_server.services.ports import ChangePublisher
from carillon_server.services.progress import IDLE, Progress
from carillon_server.services.told_work import transact_and_tell
from carillon_server.storage.database import Connection, Database
from carillon_server.storage.inboxes import lock_inboxes
from carillon_server.storage.schedule import Turn, find_expired, read_expired, take_turn


class ExpireService:
    """Removes what has expired: the content is erased, a tombstone tells resuming readers."""

    def __init__(self, database: Database, publisher: ChangePublisher) -> None:
        self._database = database
        self._publisher = publisher

    async def expire_due(self, limit: int) -> Progress:
        """At most `limit`, in one transaction."""
        return await transact_and_tell(self._database, self._publisher, _transact, limit)


async def _transact(connection: Connection, limit: int) -> tuple[Progress, list[InboxChange]]:
    keys = await find_expired(connection, limit) if await take_turn(connection, Turn.EXPIRE) else []
    if not keys:
        return IDLE, []
    inboxes = await lock_inboxes(connection, {inbox_id for inbox_id, _ in keys})
    expired = await read_expired(connection, keys)
    if not expired:
        return IDLE, []
    ledger = InboxLedger(inboxes)
    for stored in expired:
        if stored.stage is Stage.VISIBLE:
            ledger.remove(stored.inbox_id, stored.seq, stored.counts, counter_key(stored))
        else:
            ledger.withdraw(stored.inbox_id, stored.seq)
    await ledger.write(connection, Withdrawal.EXPIRED)
    return Progress(len(expired), more=len(keys) == limit), ledger.changes
