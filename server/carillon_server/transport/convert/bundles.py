"""Whole catalogs."""

from __future__ import annotations

from typing import Any

from carillon.v1 import catalog_service_pb2 as pb
from carillon_server.domain.catalog_bundle import CatalogBundle, CatalogChange, CatalogPlan
from carillon_server.domain.topic import Topic
from carillon_server.transport.convert.catalogs import (
    to_catalog_settings,
    to_catalog_settings_message,
    to_layout,
    to_layout_message,
)
from carillon_server.transport.convert.templates import to_template, to_template_message
from carillon_server.transport.convert.types import to_type, to_type_message

_TYPE_READ_ONLY = ("catalog", "create_time", "update_time")
_TEMPLATE_READ_ONLY = ("channel", "version", "active", "catalog", "create_time")
_LAYOUT_READ_ONLY = ("catalog", "update_time")


def to_bundle(message: pb.CatalogBundle) -> CatalogBundle:
    """A bundle to apply."""
    return CatalogBundle(
        name=message.name,
        types=tuple(to_type(each) for each in message.types),
        templates=tuple(to_template(each) for each in message.templates),
        layouts=tuple(to_layout(each) for each in message.layouts),
        topics=tuple(Topic(each.name, each.display_name, each.description) for each in message.topics),
        settings=to_catalog_settings(message.settings) if message.HasField("settings") else None,
    )


def to_bundle_message(bundle: CatalogBundle) -> pb.CatalogBundle:
    """A bundle fit for applying it elsewhere: without what is read only."""
    return pb.CatalogBundle(
        name=bundle.name,
        types=[_without(to_type_message(each), _TYPE_READ_ONLY) for each in bundle.types],
        templates=[_without(to_template_message(each), _TEMPLATE_READ_ONLY) for each in bundle.templates],
        layouts=[_without(to_layout_message(each), _LAYOUT_READ_ONLY) for each in bundle.layouts],
        topics=[
            pb.CatalogTopic(name=each.name, display_name=each.display_name, description=each.description)
            for each in bundle.topics
        ],
        settings=to_catalog_settings_message(bundle.settings) if bundle.settings else None,
    )


def to_apply_response(plan: CatalogPlan) -> pb.ApplyCatalogResponse:
    """What was, or would be, changed."""
    return pb.ApplyCatalogResponse(
        changes=[_to_change_message(change) for change in plan.changes], unchanged_count=plan.unchanged_count
    )


def _to_change_message(change: CatalogChange) -> pb.CatalogChange:
    return pb.CatalogChange(
        kind=pb.CatalogChangeKind.ValueType(change.kind),
        noun=change.noun.value,
        name=change.name,
        fields=change.fields,
    )


def _without(message: Any, fields: tuple[str, ...]) -> Any:
    for field in fields:
        message.ClearField(field)
    return message
