"""Everything held of a recipient, for the recipient."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

from carillon_server.domain.errors import NotFound, Reason
from carillon_server.domain.export import Piece
from carillon_server.domain.inbox import InboxAddress
from carillon_server.storage.database import Database
from carillon_server.storage.export_inbox import SOURCES as INBOX_SOURCES
from carillon_server.storage.export_profile import SOURCES as PROFILE_SOURCES
from carillon_server.storage.recipients import fetch_recipient


class RecipientExportService:
    """Reads table after table, a page at a time; what changes meanwhile may be in it or not."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def export(self, address: InboxAddress, *, timeout: float | None) -> AsyncGenerator[Piece, None]:
        """The profile first. Raises RECIPIENT_NOT_FOUND before anything is told."""
        if await fetch_recipient(self._database, address, timeout=timeout) is None:
            raise NotFound(Reason.RECIPIENT_NOT_FOUND)
        for source in (*PROFILE_SOURCES, *INBOX_SOURCES):
            async with aclosing(source.pieces(self._database, address)) as pieces:
                async for piece in pieces:
                    yield piece
