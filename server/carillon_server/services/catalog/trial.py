"""Sends of operators to try a type out."""

from __future__ import annotations

from carillon_server.domain.errors import NotFound, Reason
from carillon_server.domain.identity import Principal
from carillon_server.domain.inbox import InboxAddress
from carillon_server.domain.notification import Draft
from carillon_server.domain.notification_type import NotificationType
from carillon_server.domain.send import SendOutcome
from carillon_server.services.send import SendService
from carillon_server.storage.catalog_types import fetch_type
from carillon_server.storage.database import Database
from carillon_server.storage.readers import fetch_readers

TEST_LABEL = "carillon.test"


class TrialService:
    """Sends tests."""

    def __init__(self, database: Database, sends: SendService) -> None:
        self._database = database
        self._sends = sends

    async def find(self, tenant: str, type_name: str, recipient_id: str) -> NotificationType:
        """The type to try. Raises TYPE_NOT_FOUND, and RECIPIENT_NOT_FOUND: tests bring nobody into being."""
        async with self._database.connection() as connection:
            kind = await fetch_type(connection, tenant, type_name)
        if kind is None:
            raise NotFound(Reason.TYPE_NOT_FOUND)
        inbox_id = InboxAddress(tenant, recipient_id).inbox_id
        if not await fetch_readers(self._database, [inbox_id], attributes=False):
            raise NotFound(Reason.RECIPIENT_NOT_FOUND)
        return kind

    async def send(self, principal: Principal, draft: Draft, *, timeout: float | None) -> SendOutcome:
        """`draft`: with `is_trial`. Raises what `SendService.send` raises."""
        return await self._sends.send(principal, draft, timeout=timeout)
