"""Cursors of inboxes, as tokens."""

from __future__ import annotations

from carillon_server.domain.cursor import Cursor, CursorSealer
from carillon_server.domain.errors import Reason, Refusal
from carillon_server.domain.inbox import InboxAddress, InboxState
from carillon_server.storage.installation import Installation


class Cursors:
    """Writes where an inbox stands, and reads it back."""

    def __init__(self, sealer: CursorSealer, installation: Installation) -> None:
        self._sealer = sealer
        self._installation = installation

    def at(self, address: InboxAddress, state: InboxState) -> str:
        """The place right after everything in `state`."""
        cursor = Cursor(address.inbox_id, self._installation.epoch, state.epoch, state.version)
        return self._sealer.seal(cursor)

    def version(self, address: InboxAddress, token: str) -> int:
        """Raises CURSOR_INVALID, also for a cursor from before the database was restored."""
        cursor = self._sealer.open(token, address.inbox_id)
        if cursor.installation_epoch != self._installation.epoch:
            raise Refusal(Reason.CURSOR_INVALID, "the cursor is from before the database was restored")
        return cursor.version
