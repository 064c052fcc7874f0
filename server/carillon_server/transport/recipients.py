"""`RecipientService`."""

from __future__ import annotations

from carillon.v1 import recipient_service_pb2 as pb
from carillon_server.services.recipients import RecipientService
from carillon_server.transport.addressing import known_endpoint, resolve_address, vouches
from carillon_server.transport.call import Call
from carillon_server.transport.convert.recipients import (
    to_endpoint,
    to_endpoint_message,
    to_patch,
    to_recipient_message,
)
from carillon_server.transport.endpoint_guard import EndpointGuard
from carillon_server.transport.page_token import PageTokenSealer
from carillon_server.transport.pages import RecipientPages, recipients_page_size
from carillon_server.transport.recipient_batch import RecipientBatch

# The methods are named as the RPCs.
# ruff: noqa: N802


class RecipientServicer:
    """People and where they can be reached."""

    def __init__(
        self,
        recipients: RecipientService,
        pages: PageTokenSealer,
        guard: EndpointGuard,
        batch: RecipientBatch,
    ) -> None:
        self._recipients = recipients
        self._batch = batch
        self._pages = pages
        self._guard = guard

    async def UpsertRecipient(
        self, request: pb.UpsertRecipientRequest, call: Call
    ) -> pb.UpsertRecipientResponse:
        address = resolve_address(call, request.recipient.recipient_id, "recipient.recipient_id")
        self._guard.check_all(request.endpoints)
        patch = to_patch(address.recipient_id, request, believed=vouches(call))
        recipient = await self._recipients.upsert(address.tenant, patch, timeout=call.remaining_seconds())
        return pb.UpsertRecipientResponse(recipient=to_recipient_message(recipient))

    async def BatchUpsertRecipients(
        self, request: pb.BatchUpsertRecipientsRequest, call: Call
    ) -> pb.BatchUpsertRecipientsResponse:
        return pb.BatchUpsertRecipientsResponse(results=await self._batch.upsert(request.requests, call))

    async def GetRecipient(self, request: pb.GetRecipientRequest, call: Call) -> pb.GetRecipientResponse:
        address = resolve_address(call, request.recipient_id)
        recipient = await self._recipients.get(address, timeout=call.remaining_seconds())
        return pb.GetRecipientResponse(recipient=to_recipient_message(recipient))

    async def ListRecipients(
        self, request: pb.ListRecipientsRequest, call: Call
    ) -> pb.ListRecipientsResponse:
        pages = RecipientPages(self._pages, call.principal.tenant)
        recipients, last = await self._recipients.list(
            call.principal.tenant,
            page_size=recipients_page_size(request.page_size),
            after=pages.open(request.page_token),
            timeout=call.remaining_seconds(),
        )
        messages, token = pages.fit(recipients, last)
        return pb.ListRecipientsResponse(recipients=messages, next_page_token=token)

    async def DeleteRecipient(
        self, request: pb.DeleteRecipientRequest, call: Call
    ) -> pb.DeleteRecipientResponse:
        address = resolve_address(call, request.recipient_id)
        await self._recipients.delete(address, timeout=call.remaining_seconds())
        return pb.DeleteRecipientResponse()

    async def PutEndpoint(self, request: pb.PutEndpointRequest, call: Call) -> pb.PutEndpointResponse:
        address = resolve_address(call, request.recipient_id)
        self._guard.check(request.endpoint)
        asked = to_endpoint(request.endpoint, believed=vouches(call))
        endpoint = await self._recipients.put_endpoint(address, asked, timeout=call.remaining_seconds())
        return pb.PutEndpointResponse(endpoint=to_endpoint_message(endpoint))

    async def ListEndpoints(self, request: pb.ListEndpointsRequest, call: Call) -> pb.ListEndpointsResponse:
        address = resolve_address(call, request.recipient_id)
        endpoints = await self._recipients.list_endpoints(address, timeout=call.remaining_seconds())
        return pb.ListEndpointsResponse(endpoints=[to_endpoint_message(endpoint) for endpoint in endpoints])

    async def DeleteEndpoint(
        self, request: pb.DeleteEndpointRequest, call: Call
    ) -> pb.DeleteEndpointResponse:
        address = resolve_address(call, request.recipient_id)
        endpoint_id = known_endpoint(request.id)
        await self._recipients.delete_endpoint(
            address, endpoint_id, vouched=vouches(call), timeout=call.remaining_seconds()
        )
        return pb.DeleteEndpointResponse()
