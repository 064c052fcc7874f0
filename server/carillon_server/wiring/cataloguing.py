"""What it takes to keep the catalogs of tenants."""

from __future__ import annotations

from carillon_server.rendering.schema import SchemaCompiler
from carillon_server.services.catalog.apply import CatalogApplier
from carillon_server.services.catalog.desk import CatalogDesk
from carillon_server.services.catalog.inspector import Inspector
from carillon_server.services.catalog.layouts import LayoutService
from carillon_server.services.catalog.preview import PreviewService
from carillon_server.services.catalog.settings import CatalogSettingsService
from carillon_server.services.catalog.templates import TemplateService
from carillon_server.services.catalog.trial import TrialService
from carillon_server.services.catalog.types import TypeService
from carillon_server.services.ports import Clock, Renderer, TenantForgetter
from carillon_server.services.send import SendService
from carillon_server.storage.database import Database
from carillon_server.transport.catalog_bundles import CatalogBundleServicer
from carillon_server.transport.catalog_layouts import LayoutServicer
from carillon_server.transport.catalog_templates import TemplateServicer
from carillon_server.transport.catalog_trials import TrialServicer
from carillon_server.transport.catalog_types import TypeServicer
from carillon_server.transport.page_token import PageTokenSealer


def build_catalog_servicers(
    database: Database,
    renderer: Renderer,
    forget: TenantForgetter,
    sends: SendService,
    pages: PageTokenSealer,
    clock: Clock,
) -> tuple[object, ...]:
    """`forget`: told of every change made here."""
    compile_schema = SchemaCompiler()
    desk, inspector = CatalogDesk(database, forget), Inspector(renderer, compile_schema)
    previews = PreviewService(database, renderer, inspector, compile_schema, clock)
    return (
        TypeServicer(TypeService(database, desk, inspector), pages),
        TemplateServicer(TemplateService(database, desk, inspector), pages),
        LayoutServicer(
            LayoutService(database, desk, inspector), CatalogSettingsService(database, desk), pages
        ),
        TrialServicer(previews, TrialService(database, sends)),
        CatalogBundleServicer(CatalogApplier(database, desk, inspector)),
    )
