"""`CatalogService`: templates."""

from __future__ import annotations

from carillon.v1 import catalog_service_pb2 as pb
from carillon_server.domain.channel import Channel
from carillon_server.domain.locale import canonical_locale
from carillon_server.services.catalog.templates import TemplateService
from carillon_server.storage.catalog_templates import START, TemplateFilter
from carillon_server.transport.call import Call
from carillon_server.transport.catalog_pages import CatalogPages, catalog_page_size
from carillon_server.transport.convert.templates import to_template, to_template_key, to_template_message
from carillon_server.transport.page_token import PageTokenSealer

# The methods are named as the RPCs.
# ruff: noqa: N802


class TemplateServicer:
    """How types read, version by version."""

    def __init__(self, templates: TemplateService, pages: PageTokenSealer) -> None:
        self._templates = templates
        self._pages = pages

    async def PutTemplate(self, request: pb.PutTemplateRequest, call: Call) -> pb.PutTemplateResponse:
        stored = await self._templates.put(
            call.principal.tenant, to_template(request.template), inactive=request.inactive
        )
        return pb.PutTemplateResponse(template=to_template_message(stored))

    async def GetTemplate(self, request: pb.GetTemplateRequest, call: Call) -> pb.GetTemplateResponse:
        found = await self._templates.get(call.principal.tenant, to_template_key(request), request.version)
        return pb.GetTemplateResponse(template=to_template_message(found))

    async def ListTemplates(self, request: pb.ListTemplatesRequest, call: Call) -> pb.ListTemplatesResponse:
        wanted = _to_filter(request)
        query = (wanted.type, request.channel, wanted.locale, wanted.all_versions)
        pages = CatalogPages(self._pages, call.principal.tenant, "templates", *query)
        type_, channel, locale, version = pages.open(request.page_token) or START
        found, more = await self._templates.list(
            call.principal.tenant,
            wanted,
            page_size=catalog_page_size(request.page_size),
            after=(type_, channel, locale, version),
        )
        messages, token = pages.fit([to_template_message(each) for each in found], _position, more=more)
        return pb.ListTemplatesResponse(templates=messages, next_page_token=token)

    async def ActivateTemplateVersion(
        self, request: pb.ActivateTemplateVersionRequest, call: Call
    ) -> pb.ActivateTemplateVersionResponse:
        active = await self._templates.activate(
            call.principal.tenant, to_template_key(request), request.version
        )
        return pb.ActivateTemplateVersionResponse(template=to_template_message(active))

    async def DeleteTemplate(
        self, request: pb.DeleteTemplateRequest, call: Call
    ) -> pb.DeleteTemplateResponse:
        await self._templates.delete(call.principal.tenant, to_template_key(request))
        return pb.DeleteTemplateResponse()


def _to_filter(request: pb.ListTemplatesRequest) -> TemplateFilter:
    return TemplateFilter(
        request.type,
        Channel(request.channel) if request.channel else None,
        canonical_locale(request.locale),
        request.all_versions,
    )


def _position(template: pb.Template) -> list[object]:
    return [template.type, template.channel, template.locale, template.version]
