"""`CatalogService`: layouts, and the settings of a catalog."""

from __future__ import annotations

from carillon.v1 import catalog_service_pb2 as pb
from carillon_server.services.catalog.layouts import LayoutService
from carillon_server.services.catalog.settings import CatalogSettingsService
from carillon_server.transport.call import Call
from carillon_server.transport.catalog_pages import CatalogPages, catalog_page_size
from carillon_server.transport.convert.catalogs import (
    changed_settings,
    to_catalog_settings,
    to_catalog_settings_message,
    to_layout,
    to_layout_message,
)
from carillon_server.transport.page_token import PageTokenSealer

# The methods are named as the RPCs.
# ruff: noqa: N802


class LayoutServicer:
    """What goes around mails, and what holds for all types."""

    def __init__(
        self, layouts: LayoutService, settings: CatalogSettingsService, pages: PageTokenSealer
    ) -> None:
        self._layouts = layouts
        self._settings = settings
        self._pages = pages

    async def PutLayout(self, request: pb.PutLayoutRequest, call: Call) -> pb.PutLayoutResponse:
        stored = await self._layouts.put(call.principal.tenant, to_layout(request.layout))
        return pb.PutLayoutResponse(layout=to_layout_message(stored))

    async def ListLayouts(self, request: pb.ListLayoutsRequest, call: Call) -> pb.ListLayoutsResponse:
        pages = CatalogPages(self._pages, call.principal.tenant, "layouts")
        (after,) = pages.open(request.page_token) or ("",)
        found, more = await self._layouts.list(
            call.principal.tenant, page_size=catalog_page_size(request.page_size), after=after
        )
        messages, token = pages.fit(
            [to_layout_message(each) for each in found], lambda each: [each.name], more=more
        )
        return pb.ListLayoutsResponse(layouts=messages, next_page_token=token)

    async def DeleteLayout(self, request: pb.DeleteLayoutRequest, call: Call) -> pb.DeleteLayoutResponse:
        await self._layouts.delete(call.principal.tenant, request.name)
        return pb.DeleteLayoutResponse()

    async def GetCatalogSettings(
        self, _request: pb.GetCatalogSettingsRequest, call: Call
    ) -> pb.GetCatalogSettingsResponse:
        settings = await self._settings.get(call.principal.tenant)
        return pb.GetCatalogSettingsResponse(settings=to_catalog_settings_message(settings))

    async def UpdateCatalogSettings(
        self, request: pb.UpdateCatalogSettingsRequest, call: Call
    ) -> pb.UpdateCatalogSettingsResponse:
        settings = await self._settings.update(
            call.principal.tenant, to_catalog_settings(request.settings), changed_settings(request)
        )
        return pb.UpdateCatalogSettingsResponse(settings=to_catalog_settings_message(settings))
