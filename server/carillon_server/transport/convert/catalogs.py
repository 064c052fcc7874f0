"""Layouts, and the settings of a catalog."""

from __future__ import annotations

from carillon.v1 import catalog_service_pb2 as pb
from carillon_server.domain.catalog_settings import CatalogSettings, UnknownTypes
from carillon_server.domain.layout import Layout, LayoutFormat
from carillon_server.domain.locale import canonical_locale
from carillon_server.transport.instants import set_timestamp
from carillon_server.transport.validation.field_mask import EVERYTHING

SETTINGS_FIELDS = ("unknown_types", "default_locale", "default_time_zone")


def to_layout(message: pb.Layout) -> Layout:
    """A layout to store."""
    return Layout(message.name, LayoutFormat(message.format), message.source)


def to_layout_message(layout: Layout) -> pb.Layout:
    """A layout as callers see it."""
    message = pb.Layout(
        name=layout.name,
        format=pb.LayoutFormat.ValueType(layout.format),
        source=layout.source,
        catalog=layout.catalog,
    )
    if layout.update_time is not None:
        set_timestamp(message.update_time, layout.update_time)
    return message


def to_catalog_settings(message: pb.CatalogSettings) -> CatalogSettings:
    """What is not set is as by default."""
    return CatalogSettings(
        UnknownTypes(message.unknown_types),
        canonical_locale(message.default_locale),
        message.default_time_zone,
    )


def to_catalog_settings_message(settings: CatalogSettings) -> pb.CatalogSettings:
    """All of them."""
    return pb.CatalogSettings(
        unknown_types=pb.UnknownTypes.ValueType(settings.unknown_types),
        default_locale=settings.default_locale,
        default_time_zone=settings.default_time_zone,
    )


def changed_settings(request: pb.UpdateCatalogSettingsRequest) -> frozenset[str]:
    """Those of the mask; without one, those that are not empty."""
    named = set(request.update_mask.paths)
    if EVERYTHING in named:
        return frozenset(SETTINGS_FIELDS)
    return frozenset(named or (field.name for field, _ in request.settings.ListFields()))
