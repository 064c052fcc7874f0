"""What Send, SendBatch and SendStream have in common: one request in, one answer or refusal out."""

from __future__ import annotations

from google.rpc.status_pb2 import Status

from carillon.v1 import notification_service_pb2 as pb
from carillon_server.domain.errors import Refusal
from carillon_server.domain.identity import Principal
from carillon_server.services.recipients import RecipientService
from carillon_server.services.send import SendService
from carillon_server.transport.convert.sends import to_draft, to_patches, to_send_response
from carillon_server.transport.interceptors.errors import report_fault
from carillon_server.transport.status import to_status


class Submission:
    """Hands requests to the services; they are validated before they get here."""

    def __init__(self, sends: SendService, recipients: RecipientService) -> None:
        self._sends = sends
        self._recipients = recipients

    async def send(
        self, principal: Principal, request: pb.SendRequest, timeout: float | None
    ) -> pb.SendResponse:
        """Raises what the services raise."""
        draft = to_draft(request)
        if request.recipients and not draft.dry_run:
            patches = to_patches(request.recipients)
            await self._recipients.upsert_all(principal.tenant, patches, timeout=timeout)
        outcome = await self._sends.send(principal, draft, timeout=timeout)
        return to_send_response(outcome)

    async def send_item(
        self, principal: Principal, request: pb.SendRequest, timeout: float | None
    ) -> pb.SendResponse | Status:
        """One item of several: what would end a unary call is an answer here."""
        try:
            return await self.send(principal, request, timeout)
        except Refusal as refusal:
            return to_status(refusal)
        except Exception as fault:  # noqa: BLE001 - the boundary of an item, as the errors stage is of a call
            return to_status(report_fault(fault, "send_item"))
