"""Send and Cancel."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from carillon_server import telemetry
from carillon_server.domain.errors import NotFound, Reason, Refusal
from carillon_server.domain.identity import Principal, Role
from carillon_server.domain.ids import NotificationId
from carillon_server.domain.inbox import EMPTY_INBOX, InboxAddress
from carillon_server.domain.notification import Draft
from carillon_server.domain.preferences import NO_PREFERENCES
from carillon_server.domain.send import RecipientResult, SendOutcome
from carillon_server.services.cancel import Canceller, CancelOutcome
from carillon_server.services.composer import Composer
from carillon_server.services.composition import Composition
from carillon_server.services.group_writer import GroupWriter, request_id_reused
from carillon_server.services.ports import ChangePublisher, Clock
from carillon_server.services.ruling import decide_for, subject_of
from carillon_server.services.send_plan import PlannedSend
from carillon_server.services.tenant_deliveries import TenantDeliveries
from carillon_server.services.waiting import Group, Result
from carillon_server.storage.broadcasts import cancel_broadcast
from carillon_server.storage.database import Database
from carillon_server.storage.inboxes import OpenInbox, read_inboxes
from carillon_server.storage.sends import RequestKey, find_requests

_DRAFTS_AT_ONCE = 32
_SENT, _REPLAYED = telemetry.sends.labels("sent"), telemetry.sends.labels("replayed")


@dataclass(frozen=True, slots=True)
class CancelSelector:
    """What to stop: by ids, by the request that sent it, or by collapse key in some inboxes."""

    ids: tuple[NotificationId, ...] = ()
    request_id: str = ""
    collapse_key: str = ""
    recipient_ids: tuple[str, ...] = ()


class SendService:
    """Takes notifications, and calls them back."""

    def __init__(
        self,
        database: Database,
        writer: GroupWriter,
        publisher: ChangePublisher,
        clock: Clock,
        *,
        tenants: TenantDeliveries,
        composer: Composer,
    ) -> None:
        self._database = database
        self._writer = writer
        self._composer = composer
        self._clock = clock
        self._tenants = tenants
        self._canceller = Canceller(database, publisher)
        self._in_flight: dict[RequestKey, asyncio.Future[None]] = {}

    async def send(self, principal: Principal, draft: Draft, *, timeout: float | None) -> SendOutcome:
        """Committed once it returns. `timeout`: None where whoever waits is cancelled when it is time. Raises
        what composing raises, and REQUEST_ID_REUSED, OVERLOADED, UNAVAILABLE, DEADLINE_EXCEEDED.
        """
        try:
            async with asyncio.timeout(timeout):
                await self._tenants.refresh(principal.tenant)
                outcome = await (self._preview if draft.dry_run else self._once)(principal, draft)
        except TimeoutError as error:
            raise Refusal(Reason.DEADLINE_EXCEEDED, "the send was not committed in time") from error
        (_REPLAYED if outcome.replayed else _SENT).inc()
        return outcome

    async def send_many(
        self, principal: Principal, drafts: Sequence[Draft], *, timeout: float | None
    ) -> Sequence[Result]:
        """Several with ready content, waited for as one; results in their order, and nothing is raised."""
        group = Group(len(drafts))
        error: Exception = Refusal(Reason.DEADLINE_EXCEEDED, "the send was not committed in time")
        try:
            async with asyncio.timeout(timeout):
                await self._tenants.refresh(principal.tenant)
                await self._fill(group, principal, drafts)
        except TimeoutError:
            pass
        except Exception as fault:  # noqa: BLE001 - each is told, as if it had been sent alone
            error = fault
        finally:
            results = group.end(error)
        sent = [result.replayed for result in results if isinstance(result, SendOutcome)]
        _SENT.inc(sent.count(False))
        _REPLAYED.inc(sent.count(True))
        return results

    async def _fill(self, group: Group, principal: Principal, drafts: Sequence[Draft]) -> None:
        compose = await self._composer.plain_composer(principal.tenant)
        released: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        held: list[RequestKey] = []
        alone: list[int] = []
        try:
            for place, draft in enumerate(drafts):
                if place % _DRAFTS_AT_ONCE == _DRAFTS_AT_ONCE - 1:
                    # A full batch takes long to plan, and other callers wait beside it.
                    await asyncio.sleep(0)
                key = (principal.tenant, principal.subject, draft.request_id)
                composition = None if key in self._in_flight else compose(draft)
                if composition is None:
                    alone.append(place)
                    continue
                if draft.request_id:
                    self._in_flight[key] = released
                    held.append(key)
                self._writer.put(group.member(place, _planned(principal, draft, composition)))
            await group.wait()
        finally:
            for key in held:
                del self._in_flight[key]
            released.set_result(None)
        await asyncio.gather(*(self._settle_alone(group, place, principal, drafts[place]) for place in alone))

    async def _settle_alone(self, group: Group, place: int, principal: Principal, draft: Draft) -> None:
        """One that others are before with, or that takes rendering or a closer look."""
        try:
            group.settle(place, await self._once(principal, draft))
        except Exception as error:  # noqa: BLE001 - as above
            group.settle(place, error)

    async def cancel(
        self, principal: Principal, selector: CancelSelector, *, timeout: float | None
    ) -> CancelOutcome:
        """Stops what has not happened yet. Producers reach what they sent themselves, operators all of
        their tenant.
        """
        sender = None if Role.OPERATOR in principal.roles else principal.subject
        ids: Collection[NotificationId] = selector.ids
        if selector.request_id:
            sent = await self._sent_under(principal, selector.request_id)
            await self._call_off(principal.tenant, sent, sender)
            ids = [result.notification_id for result in sent.results if result.notification_id]
        elif selector.collapse_key:
            addresses = [InboxAddress(principal.tenant, recipient) for recipient in selector.recipient_ids]
            ids = await self._canceller.find(addresses, selector.collapse_key)
        return await self._canceller.cancel(principal.tenant, ids, sender, timeout=timeout)

    async def _once(self, principal: Principal, draft: Draft) -> SendOutcome:
        """Callers of this process that repeat a request wait for the first one instead of racing it."""
        if not draft.request_id:
            return await self._writer.write(await self._plan(principal, draft))
        key = (principal.tenant, principal.subject, draft.request_id)
        while (other := self._in_flight.get(key)) is not None:
            await asyncio.wait([other])
        done = self._in_flight[key] = asyncio.get_running_loop().create_future()
        try:
            return await self._write(principal, draft, key)
        finally:
            del self._in_flight[key]
            done.set_result(None)

    async def _write(self, principal: Principal, draft: Draft, key: RequestKey) -> SendOutcome:
        # What was answered before is never rendered again: by now its templates may say something else, or
        # nothing. Ready content costs no look-up, the writer finds out.
        if not draft.has_content and (known := await self._find_answer(draft, key)) is not None:
            return known
        try:
            planned = await self._plan(principal, draft)
        except Refusal:
            if draft.has_content and (known := await self._find_answer(draft, key)) is not None:
                return known
            raise
        return await self._writer.write(planned)

    async def _find_answer(self, draft: Draft, key: RequestKey) -> SendOutcome | None:
        async with self._database.connection() as connection:
            known = (await find_requests(connection, [key])).get(key)
        if known is None:
            return None
        if known.request_hash != draft.request_hash:
            raise request_id_reused(draft.request_id)
        return known.outcome.addressed_to(draft.recipient_ids)

    async def _plan(self, principal: Principal, draft: Draft) -> PlannedSend:
        composition = await self._composer.compose(principal.tenant, draft, draft.recipient_ids)
        return _planned(principal, draft, composition)

    async def _preview(self, principal: Principal, draft: Draft) -> SendOutcome:
        planned = await self._plan(principal, draft)
        now = self._clock()
        async with self._database.connection() as connection:
            inboxes = await read_inboxes(connection, {address.inbox_id for address in planned.addresses})
        composition = planned.composition
        subject = subject_of(composition, now)
        configured = self._tenants.channels_of(planned.tenant)
        results = []
        for address in planned.addresses:
            unknown = OpenInbox(address.recipient_id, EMPTY_INBOX, NO_PREFERENCES, (), now)
            inbox = inboxes.get(address.inbox_id, unknown)
            line = decide_for(subject, address.recipient_id, inbox, configured, composition.chains, now)
            results.append(RecipientResult(address.recipient_id, None, line.decisions))
        return SendOutcome(tuple(results))

    async def _call_off(self, tenant: str, sent: SendOutcome, sender: str | None) -> None:
        id_ = sent.broadcast.broadcast_id if sent.broadcast else None
        if id_ is not None:
            await self._database.transaction(lambda c: cancel_broadcast(c, tenant, id_, sender))

    async def _sent_under(self, principal: Principal, request_id: str) -> SendOutcome:
        key = (principal.tenant, principal.subject, request_id)
        async with self._database.connection() as connection:
            known = await find_requests(connection, [key])
        if key not in known:
            raise NotFound(Reason.REQUEST_NOT_FOUND)
        return known[key].outcome


def _planned(principal: Principal, draft: Draft, composition: Composition) -> PlannedSend:
    tenant = principal.tenant
    addresses = tuple([InboxAddress(tenant, recipient_id) for recipient_id in draft.recipient_ids])
    return PlannedSend(tenant, principal.subject, composition, addresses, telemetry.current_request_id())


__all__ = ["CancelOutcome", "CancelSelector", "SendService"]
