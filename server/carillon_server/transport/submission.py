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
        except Refusal as refusal:
            return to_status(refusal)
        except Exception as fault:  # noqa: BLE001 - the boundary of an item, as the errors stage is of a call
            return to_status(report_fault(fault, "send_item"))

    async def send_all(
        self, principal: Principal, requests: Sequence[pb.SendRequest], timeout: float | None
    ) -> list[Outcome]:
        """All at once, the outcomes in the order of the requests."""
        items: list[asyncio.Task[Outcome]] = []
        async with asyncio.TaskGroup() as group:
            for request in requests:
                items.append(group.create_task(self.send_item(principal, request, timeout)))
                if len(items) % _ITEMS_AT_ONCE == 0:
                    # A full batch is a tenth of a second of work, and other callers wait beside it.
                    await asyncio.sleep(0)
        return [item.result() for item in items]
