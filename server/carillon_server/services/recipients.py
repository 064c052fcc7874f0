"""Recipients and their endpoints."""

from __future__ import annotations

from collections.abc import Sequence

from carillon_server.domain.errors import FieldsInvalid, NotFound, Reason
from carillon_server.domain.inbox import InboxAddress
from carillon_server.domain.recipient import MAX_ENDPOINTS, Endpoint, Recipient, RecipientPatch
from carillon_server.storage import recipients as rows
from carillon_server.storage.database import Connection, Database
from carillon_server.storage.inboxes import ensure_inboxes

_DEFAULT_TIMEOUT_SECONDS = 10.0


class RecipientService:
    """Keeps recipients; each change is one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def upsert(self, tenant: str, patch: RecipientPatch, *, timeout: float | None) -> Recipient:
        """Creates or changes a recipient, and adds endpoints."""
        return (await self.upsert_all(tenant, [patch], timeout=timeout))[0]

    async def upsert_all(
        self, tenant: str, patches: Sequence[RecipientPatch], *, timeout: float | None
    ) -> list[Recipient]:
        """All of them, or none."""
        addressed = sorted(
            ((InboxAddress(tenant, patch.recipient_id), patch) for patch in patches),
            key=lambda pair: pair[0].inbox_id,
        )

        async def work(connection: Connection) -> list[Recipient]:
            return [await _upsert(connection, address, patch) for address, patch in addressed]

        await ensure_inboxes(self._database, [address for address, _ in addressed])
        return await self._database.transaction(work, timeout_seconds=timeout or _DEFAULT_TIMEOUT_SECONDS)

    async def get(self, address: InboxAddress, *, timeout: float | None) -> Recipient:
        """Raises RECIPIENT_NOT_FOUND."""
        found = await rows.fetch_recipient(self._database, address, timeout=timeout)
        if found is None:
            raise NotFound(Reason.RECIPIENT_NOT_FOUND)
        return found

    async def list(
        self, tenant: str, *, page_size: int, after: str | None, timeout: float | None
    ) -> tuple[Sequence[Recipient], str | None]:
        """A page by id, and where the next one begins."""
        found = await rows.fetch_recipients(
            self._database, tenant, after or "", page_size + 1, timeout=timeout
        )
        page = found[:page_size]
        return page, page[-1].recipient_id if len(found) > page_size else None

    async def delete(self, address: InboxAddress, *, timeout: float | None) -> None:
        """Erases the recipient and everything of theirs."""

        async def work(connection: Connection) -> None:
            await rows.lock_recipient(connection, address.inbox_id)
            await rows.erase(connection, address.inbox_id)

        await self._database.transaction(work, timeout_seconds=timeout or _DEFAULT_TIMEOUT_SECONDS)

    async def put_endpoint(
        self, address: InboxAddress, endpoint: Endpoint, *, timeout: float | None
    ) -> Endpoint:
        """Adds an endpoint, or changes its label; the recipient comes into being."""

        async def work(connection: Connection) -> Endpoint:
            await rows.lock_recipient(connection, address.inbox_id)
            return await _put_endpoint(connection, address.inbox_id, endpoint)

        await ensure_inboxes(self._database, [address])
        return await self._database.transaction(work, timeout_seconds=timeout or _DEFAULT_TIMEOUT_SECONDS)

    async def list_endpoints(self, address: InboxAddress, *, timeout: float | None) -> Sequence[Endpoint]:
        """Oldest first. Raises RECIPIENT_NOT_FOUND."""
        await self.get(address, timeout=timeout)
        async with self._database.connection() as connection:
            return await rows.fetch_endpoints(connection, address.inbox_id)

    async def delete_endpoint(
        self, address: InboxAddress, endpoint_id: bytes, *, timeout: float | None
    ) -> None:
        """Nothing happens where there is none."""

        async def work(connection: Connection) -> None:
            await rows.delete_endpoint(connection, address.inbox_id, endpoint_id)

        await self._database.transaction(work, timeout_seconds=timeout or _DEFAULT_TIMEOUT_SECONDS)


async def _upsert(connection: Connection, address: InboxAddress, patch: RecipientPatch) -> Recipient:
    await rows.lock_recipient(connection, address.inbox_id)
    recipient = await rows.patch_recipient(connection, address, patch)
    for endpoint in patch.endpoints:
        await _put_endpoint(connection, address.inbox_id, endpoint)
    return recipient


async def _put_endpoint(connection: Connection, inbox_id: bytes, endpoint: Endpoint) -> Endpoint:
    known = await rows.fetch_endpoints(connection, inbox_id)
    if len(known) >= MAX_ENDPOINTS and endpoint.raw_id not in {each.raw_id for each in known}:
        raise FieldsInvalid.of("endpoint", f"a recipient can have {MAX_ENDPOINTS} endpoints")
    return await rows.put_endpoint(connection, inbox_id, endpoint)
