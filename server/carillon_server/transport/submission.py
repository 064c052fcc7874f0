"""What Send, SendBatch and SendStream have in common: one request in, one answer or refusal out."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import TypeAlias

from google.rpc.status_pb2 import Status

from carillon.v1 import notification_service_pb2 as pb
from carillon_server.domain.errors import Refusal
from carillon_server.domain.identity import Principal
from carillon_server.domain.notification import Draft
from carillon_server.services.attachments import AttachmentService
from carillon_server.services.broadcasts import BroadcastService
from carillon_server.services.recipients import RecipientService
from carillon_server.services.send import SendService
from carillon_server.transport.checker import Checker
from carillon_server.transport.convert.sends import (
    contents_of,
    to_draft,
    to_patches,
)
from carillon_server.transport.encode_sends import encode_send_response
from carillon_server.transport.interceptors.errors import report_fault
from carillon_server.transport.status import to_status

Outcome: TypeAlias = bytes | Status
"""The answer to one item, a serialized `SendResponse`, or why there is none."""

_ITEMS_AT_ONCE = 32


class Submission:
    """Hands requests to the services."""

    def __init__(
        self,
        sends: SendService,
        broadcasts: BroadcastService,
        recipients: RecipientService,
        attachments: AttachmentService,
        checker: Checker,
    ) -> None:
        self._sends = sends
        self._broadcasts = broadcasts
        self._attachments = attachments
        self._recipients = recipients
        self._check = checker.of(pb.SendRequest)

    async def send(self, principal: Principal, request: pb.SendRequest, timeout: float | None) -> bytes:
        """Takes a request that keeps its limits; raises what the services raise."""
        draft = to_draft(request)
        patches = to_patches(request.recipients)
        if draft.dry_run:
            draft = replace(draft, profiles=tuple(patches))
        elif patches:
            await self._recipients.upsert_all(principal.tenant, patches, timeout=timeout)
        if draft.attachments and not draft.dry_run:
            contents = contents_of(request, draft)
            await self._attachments.keep(principal.tenant, contents, draft.deliver_time, timeout=timeout)
        if request.topic or request.everyone:
            outcome = await self._broadcasts.send(principal, draft, request.topic, timeout=timeout)
        else:
            outcome = await self._sends.send(principal, draft, timeout=timeout)
        return encode_send_response(outcome)

    async def send_item(
        self, principal: Principal, request: pb.SendRequest, timeout: float | None
    ) -> Outcome:
        """One item of several, its limits included: what would end a unary call is an answer here."""
        try:
            self._check(request)
            return await self.send(principal, request, timeout)
        except Exception as error:  # noqa: BLE001 - the boundary of an item, as the errors stage is of a call
            return _as_status(error)

    async def send_all(
        self, principal: Principal, requests: Sequence[pb.SendRequest], timeout: float | None
    ) -> list[Outcome]:
        """All at once, the outcomes in the order of the requests. Those with ready content to people by name
        go together; each of the others goes its own way.
        """
        outcomes: list[Outcome] = [b""] * len(requests)
        together: list[tuple[int, Draft]] = []
        async with asyncio.TaskGroup() as group:
            for place, request in enumerate(requests):
                if place % _ITEMS_AT_ONCE == _ITEMS_AT_ONCE - 1:
                    # A full batch is a tenth of a second of work, and other callers wait beside it.
                    await asyncio.sleep(0)
                if not _is_plain(request):
                    group.create_task(self._send_place(outcomes, place, principal, request, timeout))
                    continue
                try:
                    self._check(request)
                    together.append((place, to_draft(request)))
                except Exception as error:  # noqa: BLE001 - the boundary of an item
                    outcomes[place] = _as_status(error)
            await self._send_together(outcomes, principal, together, timeout)
        return outcomes

    async def _send_together(
        self,
        outcomes: list[Outcome],
        principal: Principal,
        together: Sequence[tuple[int, Draft]],
        timeout: float | None,
    ) -> None:
        drafts = [draft for _, draft in together]
        results = await self._sends.send_many(principal, drafts, timeout=timeout) if drafts else ()
        for (place, _), result in zip(together, results, strict=True):
            if isinstance(result, Exception):
                outcomes[place] = _as_status(result)
            else:
                outcomes[place] = encode_send_response(result)

    async def _send_place(
        self,
        outcomes: list[Outcome],
        place: int,
        principal: Principal,
        request: pb.SendRequest,
        timeout: float | None,
    ) -> None:
        outcomes[place] = await self.send_item(principal, request, timeout)


def _is_plain(request: pb.SendRequest) -> bool:
    if not request.HasField("content") or request.dry_run or request.everyone:
        return False
    return not (request.topic or request.recipients or request.attachments)


def _as_status(error: Exception) -> Status:
    """What would end a unary call is an answer here."""
    return to_status(error if isinstance(error, Refusal) else report_fault(error, "send_item"))
