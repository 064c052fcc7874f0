"""`CatalogService`: previews and tests."""

from __future__ import annotations

from carillon.v1 import catalog_service_pb2 as pb
from carillon_server.services.catalog.preview import PreviewService
from carillon_server.services.catalog.trial import TrialService
from carillon_server.transport.call import Call
from carillon_server.transport.convert.previews import to_preview_message, to_preview_query, to_trial_draft
from carillon_server.transport.convert.sends import to_send_response

# The methods are named as the RPCs.
# ruff: noqa: N802


class TrialServicer:
    """Types, tried out."""

    def __init__(self, previews: PreviewService, trials: TrialService) -> None:
        self._previews = previews
        self._trials = trials

    async def PreviewTemplate(
        self, request: pb.PreviewTemplateRequest, call: Call
    ) -> pb.PreviewTemplateResponse:
        preview = await self._previews.preview(call.principal.tenant, to_preview_query(request))
        return to_preview_message(preview)

    async def SendTest(self, request: pb.SendTestRequest, call: Call) -> pb.SendTestResponse:
        kind = await self._trials.find(call.principal.tenant, request.type, request.recipient_id)
        outcome = await self._trials.send(
            call.principal, to_trial_draft(request, kind), timeout=call.remaining_seconds()
        )
        return pb.SendTestResponse(result=to_send_response(outcome).results[0])
