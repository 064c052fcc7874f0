"""`RecipientService.ExportRecipient`."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

from carillon.v1 import recipient_service_pb2 as pb
from carillon_server.services.recipient_export import RecipientExportService
from carillon_server.transport.addressing import resolve_address
from carillon_server.transport.call import Call
from carillon_server.transport.convert.exports import to_export_response


class RecipientExportServicer:
    """Tells everything that is held of somebody."""

    def __init__(self, exports: RecipientExportService) -> None:
        self._exports = exports

    async def ExportRecipient(  # noqa: N802 - the name of the RPC
        self, request: pb.ExportRecipientRequest, call: Call
    ) -> AsyncGenerator[pb.ExportRecipientResponse, None]:
        address = resolve_address(call, request.recipient_id)
        async with aclosing(self._exports.export(address, timeout=call.remaining_seconds())) as pieces:
            async for piece in pieces:
                yield to_export_response(piece)
