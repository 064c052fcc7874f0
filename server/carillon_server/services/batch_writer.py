"""How one batch of sends is written: by two statements, and pure planning in between.

The first reads what decisions need, the second writes everything. Few inboxes are read without a lock and
outside of a transaction: the second statement writes only if all of them still are at the versions that were
planned for, and fails as a whole otherwise. That saves the round trips of begin and commit. Many inboxes are
locked in key order by the first statement of a transaction.
"""

from __future__ import annotations

from collections.abc import Sequence

from carillon_server.services.send_batch import ChannelsOf, write_sends, write_sends_unlocked
from carillon_server.services.send_plan import Plan, PlannedSend
from carillon_server.storage.database import Connection, Database
from carillon_server.storage.inboxes import lock_inboxes, read_inboxes

_MAX_UNLOCKED = 64
"""Inboxes. Of more it is likelier that one moves on, and more was planned in vain."""
_LOCKED_AFTER_MISS = 16
"""Batches: who came in between may come again."""


class InboxesMissing(Exception):  # noqa: N818 - control flow of those who write
    """Some recipients of the batch have no inbox yet."""


class BatchWriter:
    """Writes batches."""

    def __init__(self, database: Database, channels_of: ChannelsOf) -> None:
        self._database = database
        self._channels_of = channels_of
        self._to_lock = 0
        """So many batches take locks from the start."""

    async def write(self, sends: Sequence[PlannedSend]) -> Plan:
        """Committed once it returns. Raises `InboxesMissing` and `AnsweredBefore`: nothing is written."""
        inbox_ids = {address.inbox_id for send in sends for address in send.addresses}
        plan = await self._write_unlocked(sends, inbox_ids) if self._may_hope(sends, inbox_ids) else None
        if plan is not None:
            return plan
        return await self._database.transaction(
            lambda connection: self._transact(connection, sends, inbox_ids)
        )

    def _may_hope(self, sends: Sequence[PlannedSend], inbox_ids: set[bytes]) -> bool:
        """That nobody comes in between."""
        if self._to_lock:
            self._to_lock -= 1
            return False
        return len(inbox_ids) <= _MAX_UNLOCKED and not any(send.collapse_keys for send in sends)

    async def _write_unlocked(self, sends: Sequence[PlannedSend], inbox_ids: set[bytes]) -> Plan | None:
        async with self._database.connection() as connection:
            inboxes = await read_inboxes(connection, inbox_ids)
            if len(inboxes) < len(inbox_ids):
                raise InboxesMissing
            plan = await write_sends_unlocked(connection, inboxes, sends, self._channels_of)
        if plan is None:
            self._to_lock = _LOCKED_AFTER_MISS
        return plan

    async def _transact(
        self, connection: Connection, sends: Sequence[PlannedSend], inbox_ids: set[bytes]
    ) -> Plan:
        inboxes = await lock_inboxes(connection, inbox_ids)
        if len(inboxes) < len(inbox_ids):
            raise InboxesMissing
        return await write_sends(connection, inboxes, sends, self._channels_of)
