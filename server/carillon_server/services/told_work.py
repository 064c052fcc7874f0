"""Work that comes due by itself: one transaction, then everybody who watches is told."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from carillon_server.domain.notification import InboxChange
from carillon_server.services.ports import ChangePublisher
from carillon_server.services.progress import Progress
from carillon_server.storage.database import Connection, Database

Work = Callable[[Connection, int], Awaitable[tuple[Progress, list[InboxChange]]]]


async def transact_and_tell(
    database: Database, publisher: ChangePublisher, work: Work, limit: int
) -> Progress:
    """At most `limit`, in one transaction."""

    async def transact(connection: Connection) -> tuple[Progress, list[InboxChange]]:
        return await work(connection, limit)

    progress, changes = await database.transaction(transact)
    if changes:
        publisher(changes)
    return progress
