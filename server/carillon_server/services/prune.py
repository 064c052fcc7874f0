"""Records past their retention are forgotten."""

from __future__ import annotations

from carillon_server.services.progress import IDLE, Progress
from carillon_server.storage.attachments import prune_attachments
from carillon_server.storage.broadcast_pruning import prune_broadcasts
from carillon_server.storage.database import Connection, Database
from carillon_server.storage.provider_events import prune_events
from carillon_server.storage.schedule import Turn, prune_requests, prune_tombstones, take_turn

EVENT_RETENTION_SECONDS = 30 * 24 * 3600.0
"""How long it is known what providers told; nobody tells anything of a message for longer."""
BROADCAST_RETENTION_SECONDS = 90 * 24 * 3600.0
"""How long it is known how a broadcast ended; longer where notifications show its words."""


class PruneService:
    """Forgets answered requests, removed notifications, events of providers; and attachments and broadcasts
    that nothing needs any more.
    """

    def __init__(
        self, database: Database, *, request_retention_seconds: float, tombstone_retention_seconds: float
    ) -> None:
        self._database = database
        self._request_retention_seconds = request_retention_seconds
        self._tombstone_retention_seconds = tombstone_retention_seconds

    async def prune(self, limit: int) -> Progress:
        """At most `limit` of each kind, in one transaction. A reader that is further behind than the
        tombstones reach starts anew.
        """

        async def work(connection: Connection) -> Progress:
            if not await take_turn(connection, Turn.PRUNE):
                return IDLE
            tombstones = await prune_tombstones(connection, self._tombstone_retention_seconds, limit)
            requests = await prune_requests(connection, self._request_retention_seconds, limit)
            events = await prune_events(connection, EVENT_RETENTION_SECONDS, limit)
            attachments = await prune_attachments(connection, limit)
            broadcasts = await prune_broadcasts(connection, BROADCAST_RETENTION_SECONDS, limit)
            found = (tombstones, requests, events, attachments, broadcasts)
            return Progress(sum(found), more=limit in found)

        return await self._database.transaction(work)
