"""How streams read Postgres: a few at a time, in pieces that a slow reader can hold."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from carillon_server.domain.errors import Refusal
from carillon_server.domain.inbox import InboxAddress
from carillon_server.domain.inbox_query import InboxFilter
from carillon_server.storage import changes
from carillon_server.storage.changes import ChangesPage, InboxSnapshot
from carillon_server.storage.database import Database
from carillon_server.storage.inboxes import ensure_inboxes

_PAGE_ROWS = 100
# Of payload; one notification may go beyond. What a blocked stream holds stays below 256 KiB.
_PAGE_BYTES = 64 * 1024
_SNAPSHOT_BYTES = 128 * 1024

Result = TypeVar("Result")


class ReadFailed(Exception):  # noqa: N818 - control flow of this package
    """Postgres did not answer, or not in time."""


class InboxReader:
    """Bounds the reads of all streams together: writes must find a connection too."""

    def __init__(self, database: Database, max_concurrent: int) -> None:
        self._database = database
        self._places = asyncio.Semaphore(max_concurrent)

    async def read_changes(self, address: InboxAddress, after_version: int) -> ChangesPage | None:
        """The next page; None: there is no such inbox. Raises `ReadFailed`."""

        async def read() -> ChangesPage | None:
            return await changes.read_changes(
                self._database, address, after_version, limit=_PAGE_ROWS, max_bytes=_PAGE_BYTES
            )

        return await self._run(read)

    async def read_snapshot(
        self,
        address: InboxAddress,
        filter: InboxFilter,  # noqa: A002 - the name of the field
        size: int,
    ) -> InboxSnapshot:
        """The newest that match; the inbox comes into being. Raises `ReadFailed`."""

        async def read() -> InboxSnapshot:
            while True:
                snapshot = await changes.read_snapshot(
                    self._database, address, filter, size=size, max_bytes=_SNAPSHOT_BYTES
                )
                if snapshot is not None:
                    return snapshot
                await ensure_inboxes(self._database, [address])

        return await self._run(read)

    async def _run(self, read: Callable[[], Awaitable[Result]]) -> Result:
        try:
            async with self._places:
                return await read()
        except Refusal as refusal:
            raise ReadFailed from refusal
