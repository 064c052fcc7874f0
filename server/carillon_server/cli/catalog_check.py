"""Checks bundles as the service does, without one: the limits of the API, schemas and samples, and every
template, rendered in processes that hold it to its limits.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

# By what the call itself is built with, so that both see the same message.
from carillon._message import message
from carillon.v1.catalog_service_pb2 import ApplyCatalogRequest
from carillon_server.bundle.loader import Loaded
from carillon_server.bundle.located import locate
from carillon_server.bundle.place import Problem
from carillon_server.domain.catalog_bundle import HeldCatalog
from carillon_server.domain.catalog_plan import make_plan
from carillon_server.domain.errors import FieldsInvalid, FieldViolation
from carillon_server.rendering.pool import RenderPool
from carillon_server.rendering.schema import SchemaCompiler
from carillon_server.services.catalog.bundle_check import BundleCheck
from carillon_server.services.catalog.inspector import Inspector
from carillon_server.transport.checker import Checker
from carillon_server.transport.convert.bundles import to_bundle


async def check_folders(loaded: Sequence[Loaded]) -> list[Problem]:
    """What is wrong with folders that were read without problems, at its lines."""
    pool = RenderPool()
    try:
        inspector = Inspector(pool, SchemaCompiler())
        return [problem for each in loaded for problem in await _check(each, inspector)]
    finally:
        await pool.stop()


async def _check(loaded: Loaded, inspector: Inspector) -> list[Problem]:
    violations = await _violations(loaded, inspector)
    return locate(loaded, [(each.field, each.description) for each in violations])


async def _violations(loaded: Loaded, inspector: Inspector) -> Sequence[FieldViolation]:
    request = message(ApplyCatalogRequest, bundle=loaded.bundle)
    try:
        Checker(_now).of(ApplyCatalogRequest)(request)
    except FieldsInvalid as invalid:
        return invalid.violations
    bundle = to_bundle(request.bundle)
    plan = make_plan(bundle, HeldCatalog(), prune=False)
    return (await BundleCheck(bundle, plan, inspector).run()).violations


def _now() -> datetime:
    return datetime.now(UTC)
