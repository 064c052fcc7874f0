"""`CatalogService`: whole catalogs."""

from __future__ import annotations

from carillon.v1 import catalog_service_pb2 as pb
from carillon_server.domain.errors import Reason, Refusal
from carillon_server.services.catalog.apply import CatalogApplier
from carillon_server.transport.bundle_limits import MAX_BUNDLE_BYTES
from carillon_server.transport.call import Call
from carillon_server.transport.convert.bundles import to_apply_response, to_bundle, to_bundle_message

# The methods are named as the RPCs.
# ruff: noqa: N802


class CatalogBundleServicer:
    """Applies and exports bundles."""

    def __init__(self, applier: CatalogApplier) -> None:
        self._applier = applier

    async def ApplyCatalog(self, request: pb.ApplyCatalogRequest, call: Call) -> pb.ApplyCatalogResponse:
        plan = await self._applier.apply(
            call.principal.tenant,
            to_bundle(request.bundle),
            dry_run=request.dry_run,
            prune=request.prune,
        )
        return to_apply_response(plan)

    async def ExportCatalog(self, request: pb.ExportCatalogRequest, call: Call) -> pb.ExportCatalogResponse:
        bundle = to_bundle_message(await self._applier.export(call.principal.tenant, request.catalog))
        if bundle.ByteSize() > MAX_BUNDLE_BYTES:
            raise Refusal(
                Reason.MESSAGE_TOO_LARGE, "all of it is too much for one bundle: export one catalog at a time"
            )
        return pb.ExportCatalogResponse(bundle=bundle)
