"""Many recipients in one call: each is checked and answered by itself, what is good is stored together."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import TypeAlias

from google.rpc.status_pb2 import Status

from carillon.v1 import recipient_service_pb2 as pb
from carillon_server.domain.errors import Refusal
from carillon_server.domain.recipient import RecipientPatch
from carillon_server.services.recipient_writes import Outcome
from carillon_server.services.recipients import RecipientService
from carillon_server.transport.addressing import named_address
from carillon_server.transport.call import Call
from carillon_server.transport.checker import Checker
from carillon_server.transport.convert.recipients import to_patch, to_recipient_message
from carillon_server.transport.endpoint_guard import EndpointGuard
from carillon_server.transport.interceptors.errors import report_fault
from carillon_server.transport.status import to_status

Read: TypeAlias = RecipientPatch | Status
"""An item that may be stored, or why it may not."""

_ITEMS_AT_ONCE = 32


class RecipientBatch:
    """Checks items and hands the good ones to the service."""

    def __init__(self, recipients: RecipientService, guard: EndpointGuard, checker: Checker) -> None:
        self._recipients = recipients
        self._guard = guard
        self._check = checker.of(pb.UpsertRecipientRequest)

    async def upsert(
        self, requests: Sequence[pb.UpsertRecipientRequest], call: Call
    ) -> list[pb.BatchUpsertRecipientsResult]:
        """One result per request, in the same order."""
        items = await self._read_all(requests, call)
        patches = [item for item in items if isinstance(item, RecipientPatch)]
        tenant, timeout = call.principal.tenant, call.remaining_seconds()
        outcomes = iter(await self._recipients.upsert_each(tenant, patches, timeout=timeout))
        return [
            pb.BatchUpsertRecipientsResult(error=item)
            if isinstance(item, Status)
            else _to_result(next(outcomes))
            for item in items
        ]

    async def _read_all(self, requests: Sequence[pb.UpsertRecipientRequest], call: Call) -> list[Read]:
        items: list[Read] = []
        for request in requests:
            items.append(self._read(request, call))
            if len(items) % _ITEMS_AT_ONCE == 0:
                # A full batch is a tenth of a second of work, and other callers wait beside it.
                await asyncio.sleep(0)
        return items

    def _read(self, request: pb.UpsertRecipientRequest, call: Call) -> Read:
        try:
            self._check(request)
            address = named_address(call, request.recipient.recipient_id, "recipient.recipient_id")
            self._guard.check_all(request.endpoints)
            return to_patch(address.recipient_id, request, believed=True)
        except Refusal as refusal:
            return to_status(refusal)
        except Exception as fault:  # noqa: BLE001 - the boundary of an item, as the errors stage is of a call
            return to_status(report_fault(fault, "upsert_item"))


def _to_result(outcome: Outcome) -> pb.BatchUpsertRecipientsResult:
    if isinstance(outcome, Refusal):
        return pb.BatchUpsertRecipientsResult(error=to_status(outcome))
    # A thousand recipients with all of their attributes would be more than callers take.
    return pb.BatchUpsertRecipientsResult(recipient=to_recipient_message(replace(outcome, attributes={})))
