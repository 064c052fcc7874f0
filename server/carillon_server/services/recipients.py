"""Recipients and their endpoints."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from carillon_server.domain.errors import FieldsInvalid, NotFound, Reason, Refusal, Unavailable
from carillon_server.domain.inbox import InboxAddress
from carillon_server.domain.recipient import MAX_ENDPOINTS, Endpoint, Recipient, RecipientPatch
from carillon_server.services.recipient_writes import Outcome, write_patches
from carillon_server.storage import endpoints as endpoint_rows
from carillon_server.storage import recipients as rows
from carillon_server.storage.database import Connection, Database
from carillon_server.storage.erasure import erase
from carillon_server.storage.inboxes import ensure_inboxes, make_inboxes
from carillon_server.storage.topics import lock_topics_of

Result = TypeVar("Result")

_DEFAULT_TIMEOUT_SECONDS = 10.0
_MAX_TRIES = 5


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

        def all_or_none(outcomes: Sequence[Outcome]) -> list[Recipient]:
            return [_stored(outcome) for outcome in outcomes]

        return await self._upsert(tenant, patches, all_or_none, timeout)

    async def upsert_each(
        self, tenant: str, patches: Sequence[RecipientPatch], *, timeout: float | None
    ) -> list[Outcome]:
        """Each by itself, those of one recipient one after the other: what was stored, or why it was not."""
        return await self._upsert(tenant, patches, list, timeout)

    async def _upsert(
        self,
        tenant: str,
        patches: Sequence[RecipientPatch],
        conclude: Callable[[Sequence[Outcome]], Result],
        timeout: float | None,
    ) -> Result:
        """`conclude` may raise, and nothing is stored."""
        addressed = [(InboxAddress(tenant, patch.recipient_id), patch) for patch in patches]

        async def work(connection: Connection) -> Result:
            keyed = [(address.inbox_id, patch) for address, patch in addressed]
            return conclude(await write_patches(connection, keyed))

        return await self._change([address for address, _ in addressed], work, timeout)

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
            await lock_topics_of(connection, address.inbox_id)
            # Without the lock, half of somebody who comes into being just now would be erased.
            if await rows.lock_recipient(connection, address.inbox_id):
                await erase(connection, address.inbox_id)

        await self._database.transaction(work, timeout_seconds=timeout or _DEFAULT_TIMEOUT_SECONDS)

    async def put_endpoint(
        self, address: InboxAddress, endpoint: Endpoint, *, timeout: float | None
    ) -> Endpoint:
        """Adds an endpoint, or changes its label and verification; the recipient comes into being."""

        async def work(connection: Connection) -> Endpoint:
            known = await endpoint_rows.fetch_endpoint_ids(connection, [address.inbox_id])
            if len(known[address.inbox_id] | {endpoint.raw_id}) > MAX_ENDPOINTS:
                raise FieldsInvalid.of("endpoint", f"a recipient can have {MAX_ENDPOINTS} endpoints")
            return (await endpoint_rows.put_endpoints(connection, [(address.inbox_id, endpoint)]))[0]

        return await self._change([address], work, timeout)

    async def list_endpoints(self, address: InboxAddress, *, timeout: float | None) -> Sequence[Endpoint]:
        """Oldest first. Raises RECIPIENT_NOT_FOUND."""
        await self.get(address, timeout=timeout)
        async with self._database.connection() as connection:
            return await endpoint_rows.fetch_endpoints(connection, address.inbox_id)

    async def delete_endpoint(
        self, address: InboxAddress, endpoint_id: bytes, *, vouched: bool = True, timeout: float | None
    ) -> None:
        """Nothing happens where there is none. Without `vouched`, one that is not theirs is remembered."""

        async def work(connection: Connection) -> None:
            await endpoint_rows.delete_endpoint(connection, address.inbox_id, endpoint_id, vouched=vouched)

        await self._database.transaction(work, timeout_seconds=timeout or _DEFAULT_TIMEOUT_SECONDS)

    async def _change(
        self,
        addresses: Sequence[InboxAddress],
        work: Callable[[Connection], Awaitable[Result]],
        timeout: float | None,
    ) -> Result:
        """Runs `work` on recipients that exist, locked; whoever does not exist yet comes into being."""
        distinct = {address.inbox_id: address for address in addresses}

        async def locked(connection: Connection) -> Result:
            if not await rows.lock_recipients(connection, distinct):
                # Made anew by this transaction, they can be erased by nobody before it ends.
                await make_inboxes(connection, distinct.values())
                if not await rows.lock_recipients(connection, distinct):
                    raise _ErasedMeanwhile
            return await work(connection)

        for _ in range(_MAX_TRIES):
            await ensure_inboxes(self._database, distinct.values())
            try:
                return await self._database.transaction(
                    locked, timeout_seconds=timeout or _DEFAULT_TIMEOUT_SECONDS
                )
            except _ErasedMeanwhile:
                continue
        raise Unavailable("a recipient is being erased")


class _ErasedMeanwhile(Exception):  # noqa: N818 - no error: it is made anew
    """A recipient vanished between being made and being locked."""


def _stored(outcome: Outcome) -> Recipient:
    if isinstance(outcome, Refusal):
        raise outcome
    return outcome
