"""Sends to a topic or to everyone: begun here, carried out by workers (`services.fan_out`)."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Sequence

from carillon_server import telemetry
from carillon_server.domain.broadcast import Broadcast, BroadcastPlace
from carillon_server.domain.draft_record import dump_draft
from carillon_server.domain.errors import NotFound, Reason, Refusal
from carillon_server.domain.identity import Principal, Role
from carillon_server.domain.ids import BROADCAST_ID_BYTES, BroadcastId
from carillon_server.domain.notification import Draft
from carillon_server.domain.send import BroadcastReceipt, SendOutcome, dump_outcome
from carillon_server.services.fan_out_chunk import Compose
from carillon_server.services.group_writer import request_id_reused
from carillon_server.services.tenant_deliveries import TenantDeliveries
from carillon_server.storage import broadcasts as rows
from carillon_server.storage.broadcasts import NewBroadcast
from carillon_server.storage.database import Connection, Database
from carillon_server.storage.sends import RequestKey, RequestRow, find_requests

_DEFAULT_TIMEOUT_SECONDS = 10.0
_NOBODY = ""
"""Stands for a recipient of whom nothing is known; no id is empty."""


class _AnsweredBefore(Exception):  # noqa: N818 - control flow of this module
    """The request has an answer already."""


class BroadcastService:
    """Begins broadcasts, tells how far they have come, and calls them off."""

    def __init__(
        self,
        database: Database,
        compose: Compose,
        wake: Callable[[], None],
        *,
        tenants: TenantDeliveries,
    ) -> None:
        """`wake` tells workers that a broadcast is due; a lost wake-up is found by their sweep."""
        self._database = database
        self._compose = compose
        self._wake = wake
        self._tenants = tenants

    async def send(
        self, principal: Principal, draft: Draft, topic: str, *, timeout: float | None
    ) -> SendOutcome:
        """To a topic, or to everyone where that is empty. Committed once it returns.

        Raises what composing raises, TOPIC_NOT_FOUND, REQUEST_ID_REUSED, UNAVAILABLE, DEADLINE_EXCEEDED.
        """
        try:
            async with asyncio.timeout(timeout):
                outcome = await self._send(principal, draft, topic)
        except TimeoutError as error:
            raise Refusal(Reason.DEADLINE_EXCEEDED, "the send was not committed in time") from error
        telemetry.sends.labels("replayed" if outcome.replayed else "sent").inc()
        return outcome

    async def get(self, principal: Principal, id_: BroadcastId, *, timeout: float | None) -> Broadcast:
        """Producers see those that they sent. Raises BROADCAST_NOT_FOUND."""

        async def work(connection: Connection) -> Broadcast:
            return await _fetch(connection, principal, id_)

        return await self._database.transaction(work, timeout_seconds=timeout or _DEFAULT_TIMEOUT_SECONDS)

    async def list(
        self, principal: Principal, *, page_size: int, after: BroadcastPlace | None, timeout: float | None
    ) -> tuple[Sequence[Broadcast], BroadcastPlace | None]:
        """A page, newest first, and where the next one begins."""
        found = await rows.fetch_broadcasts(
            self._database, principal.tenant, _sender(principal), after, page_size + 1, timeout=timeout
        )
        page = found[:page_size]
        last = BroadcastPlace(page[-1].create_time, page[-1].id) if len(found) > page_size else None
        return page, last

    async def cancel(self, principal: Principal, id_: BroadcastId, *, timeout: float | None) -> Broadcast:
        """Once it returns, nobody more is notified. Raises BROADCAST_NOT_FOUND."""

        async def work(connection: Connection) -> Broadcast:
            await rows.cancel_broadcast(connection, principal.tenant, id_, _sender(principal))
            return await _fetch(connection, principal, id_)

        return await self._database.transaction(work, timeout_seconds=timeout or _DEFAULT_TIMEOUT_SECONDS)

    async def _send(self, principal: Principal, draft: Draft, topic: str) -> SendOutcome:
        key = (principal.tenant, principal.subject, draft.request_id)
        if draft.request_id and not draft.dry_run and (known := await self._replay(key, draft)):
            return known
        await self._tenants.refresh(principal.tenant)
        await self._try_out(principal.tenant, draft)
        if draft.dry_run:
            return await self._preview(principal.tenant, topic)
        try:
            outcome = await self._database.transaction(lambda c: _begin(c, principal, draft, topic))
        except _AnsweredBefore:
            known = await self._replay(key, draft)
            if known is None:
                raise Refusal(Reason.UNAVAILABLE, "an answer vanished", retry_after_seconds=0.1) from None
            return known
        self._wake()
        return outcome

    async def _replay(self, key: RequestKey, draft: Draft) -> SendOutcome | None:
        async with self._database.connection() as connection:
            known = (await find_requests(connection, [key])).get(key)
        if known is not None and known.request_hash != draft.request_hash:
            raise request_id_reused(draft.request_id)
        return known.outcome if known else None

    async def _try_out(self, tenant: str, draft: Draft) -> None:
        """What is wrong for everybody is refused now. What only some lack shows when they are reached."""
        composition = await self._compose(tenant, draft, [_NOBODY], tolerant=True)
        for failure in composition.failures.values():
            if not failure.metadata.get("variable", "").startswith("recipient"):
                raise failure

    async def _preview(self, tenant: str, topic: str) -> SendOutcome:
        async with self._database.connection() as connection:
            audience = await _count(connection, tenant, topic)
        return SendOutcome((), broadcast=BroadcastReceipt(None, audience))


async def _begin(connection: Connection, principal: Principal, draft: Draft, topic: str) -> SendOutcome:
    id_ = BroadcastId(os.urandom(BROADCAST_ID_BYTES))
    audience = await _count(connection, principal.tenant, topic)
    outcome = SendOutcome((), broadcast=BroadcastReceipt(id_, audience))
    if draft.request_id:
        key = (principal.tenant, principal.subject, draft.request_id)
        request = RequestRow(key, draft.request_hash, dump_outcome(outcome))
        if not await rows.remember_request(connection, request):
            raise _AnsweredBefore
    new = NewBroadcast(
        id_,
        principal.tenant,
        principal.subject,
        topic,
        draft.type,
        dump_draft(draft),
        telemetry.current_request_id(),
        audience,
        draft.deliver_time,
    )
    await rows.begin_broadcast(connection, new)
    return outcome


async def _count(connection: Connection, tenant: str, topic: str) -> int:
    audience = await rows.count_audience(connection, tenant, topic)
    if audience is None:
        raise NotFound(Reason.TOPIC_NOT_FOUND)
    return audience


async def _fetch(connection: Connection, principal: Principal, id_: BroadcastId) -> Broadcast:
    found = await rows.fetch_broadcast(connection, principal.tenant, id_, _sender(principal))
    if found is None:
        raise NotFound(Reason.BROADCAST_NOT_FOUND)
    return found


def _sender(principal: Principal) -> str | None:
    """Whose broadcasts the caller may see; None: everybody's of the tenant."""
    return None if Role.OPERATOR in principal.roles else principal.subject
