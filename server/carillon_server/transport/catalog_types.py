"""`CatalogService`: types."""

from __future__ import annotations

from carillon.v1 import catalog_service_pb2 as pb
from carillon_server.services.catalog.types import TypeService
from carillon_server.transport.call import Call
from carillon_server.transport.catalog_pages import CatalogPages, catalog_page_size
from carillon_server.transport.convert.types import to_type, to_type_message
from carillon_server.transport.page_token import PageTokenSealer

# The methods are named as the RPCs.
# ruff: noqa: N802


class TypeServicer:
    """The kinds of things that happen."""

    def __init__(self, types: TypeService, pages: PageTokenSealer) -> None:
        self._types = types
        self._pages = pages

    async def PutType(self, request: pb.PutTypeRequest, call: Call) -> pb.PutTypeResponse:
        stored = await self._types.put(call.principal.tenant, to_type(request.type))
        return pb.PutTypeResponse(type=to_type_message(stored))

    async def GetType(self, request: pb.GetTypeRequest, call: Call) -> pb.GetTypeResponse:
        found = await self._types.get(call.principal.tenant, request.name)
        return pb.GetTypeResponse(type=to_type_message(found))

    async def ListTypes(self, request: pb.ListTypesRequest, call: Call) -> pb.ListTypesResponse:
        pages = CatalogPages(self._pages, call.principal.tenant, "types", request.catalog)
        (after,) = pages.open(request.page_token) or ("",)
        found, more = await self._types.list(
            call.principal.tenant,
            catalog=request.catalog,
            page_size=catalog_page_size(request.page_size),
            after=after,
        )
        messages, token = pages.fit(
            [to_type_message(each) for each in found], lambda each: [each.name], more=more
        )
        return pb.ListTypesResponse(types=messages, next_page_token=token)

    async def DeleteType(self, request: pb.DeleteTypeRequest, call: Call) -> pb.DeleteTypeResponse:
        await self._types.delete(call.principal.tenant, request.name)
        return pb.DeleteTypeResponse()
