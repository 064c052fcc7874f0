"""A composer for tests that put the use cases together themselves."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from carillon_server.domain.rendering import Rendered, RenderFailure, RenderJob, Sheet, SheetReport
from carillon_server.services.composer import Composer
from carillon_server.services.ports import SchemaValidator
from carillon_server.services.tenant_catalog import TenantCatalogs
from carillon_server.services.tenant_deliveries import TenantDeliveries
from carillon_server.storage.database import Database
from carillon_server.transport.convert.payloads import Payloads


class NobodyRenders:
    """For tests that bring ready content: to ask is a fault."""

    async def render(self, jobs: Sequence[RenderJob]) -> Sequence[Rendered | RenderFailure]:
        raise AssertionError(f"nothing was to be rendered: {jobs}")

    async def check(
        self, sheet: Sheet, data_schema: Mapping[str, Any], sample_data: Mapping[str, Any]
    ) -> SheetReport:
        raise AssertionError(f"nothing was to be checked: {sheet}")


def no_schemas(schema: Mapping[str, Any]) -> SchemaValidator:
    """For tests whose types have none."""
    raise AssertionError(f"nothing was to be compiled: {schema}")


@asynccontextmanager
async def composing(database: Database, tenants: TenantDeliveries) -> AsyncIterator[Composer]:
    """A composer for ready content of any type."""
    catalogs = TenantCatalogs(database, no_schemas, accept_unknown=True)
    yield Composer(
        database,
        catalogs,
        NobodyRenders(),
        Payloads(),
        lambda: datetime.now(UTC),
        fallbacks_of=tenants.fallbacks_of,
    )
    await catalogs.stop()
