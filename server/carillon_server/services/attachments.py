"""The contents of attachments, on their way from a Send to a worker."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from carillon_server.storage.attachments import keep_contents
from carillon_server.storage.database import Connection, Database

_DEFAULT_TIMEOUT_SECONDS = 10.0


class AttachmentService:
    """Keeps contents."""

    def __init__(self, database: Database, *, retention_seconds: float) -> None:
        """`retention_seconds`: how long after a notification is due its attachments are there."""
        self._database = database
        self._retention_seconds = retention_seconds

    async def keep(
        self,
        tenant: str,
        contents: Mapping[bytes, bytes],
        deliver_time: datetime | None,
        *,
        timeout: float | None,
    ) -> None:
        """Stores them by digest, before the notification that refers to them. What a Send leaves behind that
        fails afterwards is pruned like everything else.
        """

        async def work(connection: Connection) -> None:
            await keep_contents(connection, tenant, contents, deliver_time, self._retention_seconds)

        await self._database.transaction(work, timeout_seconds=timeout or _DEFAULT_TIMEOUT_SECONDS)
