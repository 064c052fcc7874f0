"""Scheduled notifications appear when their time has come.

Preferences and endpoints are those of that moment, not of the Send: a release decides again.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace

from carillon_server.domain.channel import Channel
from carillon_server.domain.decide import decide
from carillon_server.domain.fallback import line_up
from carillon_server.domain.lane import lane_of
from carillon_server.domain.notification import Stage
from carillon_server.services.inbox_ledger import InboxLedger
from carillon_server.services.ports import ChangePublisher, WorkerWaker
from carillon_server.services.progress import IDLE, Progress
from carillon_server.services.ruling import ruling_of
from carillon_server.services.tenant_deliveries import TenantDeliveries
from carillon_server.storage.database import Connection, Database
from carillon_server.storage.delivery_rows import DeliveryRow
from carillon_server.storage.inboxes import OpenInbox, lock_inboxes
from carillon_server.storage.schedule import (
    ReleaseRow,
    Scheduled,
    Turn,
    find_scheduled,
    read_scheduled,
    take_turn,
    write_releases,
)
from carillon_server.storage.sends import Collapsed, find_collapsed

_REPLACED = "replaced"


class ReleaseService:
    """Releases what is due."""

    def __init__(
        self,
        database: Database,
        publisher: ChangePublisher,
        waker: WorkerWaker,
        *,
        tenants: TenantDeliveries,
    ) -> None:
        self._database = database
        self._publisher = publisher
        self._waker = waker
        self._tenants = tenants

    async def release_due(self, limit: int) -> Progress:
        """At most `limit`, in one transaction."""

        async def work(connection: Connection) -> tuple[Progress, _Release | None]:
            return await self._transact(connection, limit)

        progress, release = await self._database.transaction(work)
        if release is not None:
            self._publisher(release.ledger.changes)
            if release.queued:
                self._waker({delivery.lane for delivery in release.queued})
        return progress

    async def _transact(self, connection: Connection, limit: int) -> tuple[Progress, _Release | None]:
        keys = await find_scheduled(connection, limit) if await take_turn(connection, Turn.RELEASE) else []
        if not keys:
            return IDLE, None
        inboxes = await lock_inboxes(connection, {inbox_id for inbox_id, _ in keys})
        found = await read_scheduled(connection, keys)
        if not found:
            return IDLE, None
        due = _one_per_collapse_key(found)
        asked = {(item.stored.inbox_id, item.collapse_key) for item in due if item.collapse_key}
        collapsed = await find_collapsed(connection, asked) if asked else []
        await self._tenants.refresh(*{item.tenant for item in due})
        release = _Release(inboxes, collapsed, self._tenants.channels_of)
        for item in due:
            release.add(item)
        await release.write(connection)
        return Progress(len(due), more=len(keys) == limit or len(due) < len(found)), release


class _Release:
    """What one transaction releases: pure until `write`."""

    def __init__(
        self,
        inboxes: Mapping[bytes, OpenInbox],
        collapsed: Sequence[Collapsed],
        channels_of: Callable[[str], Collection[Channel]],
    ) -> None:
        self._inboxes = inboxes
        self._collapsed = collapsed
        self._channels_of = channels_of
        self.ledger = InboxLedger(inboxes)
        self.rows: list[ReleaseRow] = []
        self.queued: list[DeliveryRow] = []

    def add(self, item: Scheduled) -> None:
        stored, inbox = item.stored, self._inboxes[item.stored.inbox_id]
        decisions = decide(
            item.subject,
            inbox.recipient_id,
            inbox.preferences,
            inbox.reachable,
            self._channels_of(item.tenant),
            self.ledger.now,
        )
        ruling = ruling_of(line_up(decisions, item.chains, self.ledger.now))
        version = (
            self._show(item) if ruling.stage is Stage.VISIBLE else self.ledger.pass_over(stored.inbox_id)
        )
        self.rows.append(ReleaseRow(stored.inbox_id, stored.seq, ruling.stage, version, ruling.stored))
        lane = lane_of(stored.priority)
        self.queued.extend(
            DeliveryRow(stored.inbox_id, stored.seq, ordinal, endpoint, place, item.tenant, lane)
            for ordinal, (endpoint, place) in enumerate(ruling.targets(inbox.endpoints))
        )

    def _show(self, item: Scheduled) -> int:
        inbox_id = item.stored.inbox_id
        for old in self._collapsed:
            if (old.inbox_id, old.collapse_key) == (inbox_id, item.collapse_key):
                self.ledger.remove(inbox_id, old.seq, old.counts, old.counter_key)
        version = self.ledger.next_version(inbox_id)
        shown = replace(item.stored, stage=Stage.VISIBLE, change_version=version, position=version)
        self.ledger.create(shown)
        return version

    async def write(self, connection: Connection) -> None:
        if self.rows:
            await write_releases(connection, self.rows, self.queued)
        await self.ledger.write(connection, _REPLACED)


def _one_per_collapse_key(found: Sequence[Scheduled]) -> list[Scheduled]:
    """The second of two with one key takes the place of the first, so it must see it: next time."""
    seen: set[tuple[bytes, str]] = set()
    due = []
    for item in found:
        key = (item.stored.inbox_id, item.collapse_key)
        if not item.collapse_key or key not in seen:
            seen.add(key)
            due.append(item)
    return due
