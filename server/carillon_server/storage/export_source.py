"""Reading one table of a recipient in bounded pages."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterable
from dataclasses import dataclass

from carillon_server.domain.export import Piece
from carillon_server.domain.inbox import InboxAddress
from carillon_server.storage.database import Database, Record


@dataclass(frozen=True, slots=True)
class Source:
    """A statement that reads what comes after a key, in the order of the key.

    Its arguments are the inbox, how many rows, and the key. The key must tell any two rows apart.
    """

    sql: str
    key: tuple[str, ...]
    """Names of columns."""
    start: tuple[object, ...]
    """A key before all others."""
    read: Callable[[Record, InboxAddress], Iterable[Piece]]
    page_size: int = 100

    async def pieces(self, database: Database, address: InboxAddress) -> AsyncGenerator[Piece, None]:
        """All of them. No connection is held between pages, however long the reader takes."""
        place = self.start
        while True:
            rows = await database.fetch(self.sql, address.inbox_id, self.page_size, *place)
            for row in rows:
                for piece in self.read(row, address):
                    yield piece
            if len(rows) < self.page_size:
                return
            place = tuple(rows[-1][name] for name in self.key)
