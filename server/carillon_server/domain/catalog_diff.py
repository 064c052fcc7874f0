"""Which fields of two things of a catalog differ, by their names in the API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from carillon_server.domain.catalog_settings import CatalogSettings, dump_catalog_settings
from carillon_server.domain.layout import Layout
from carillon_server.domain.notification_type import NotificationType
from carillon_server.domain.template import Template
from carillon_server.domain.topic import Topic
from carillon_server.domain.type_document import dump_type

_NAMES = {
    "archive_after_seconds": "retention",
    "delete_after_seconds": "retention",
    "time_to_live_seconds": "time_to_live",
}


def type_differences(held: NotificationType, wanted: NotificationType) -> tuple[str, ...]:
    """In what they differ, besides who brought them."""
    return _differences(dump_type(held), dump_type(wanted))


def template_differences(held: Template, wanted: Template) -> tuple[str, ...]:
    """In what they differ, besides who brought them."""
    return _differences({**held.parts, "layout": held.layout}, {**wanted.parts, "layout": wanted.layout})


def layout_differences(held: Layout, wanted: Layout) -> tuple[str, ...]:
    """In what they differ, besides who brought them."""
    return _differences(
        {"format": held.format, "source": held.source}, {"format": wanted.format, "source": wanted.source}
    )


def topic_differences(held: Topic, wanted: Topic) -> tuple[str, ...]:
    """In what they differ, besides members and who brought them."""
    names = ("display_name", "description")
    return tuple(name for name in names if getattr(held, name) != getattr(wanted, name))


def settings_differences(held: CatalogSettings, wanted: CatalogSettings) -> tuple[str, ...]:
    """Those that a bundle names and that are different."""
    before = dump_catalog_settings(held)
    return tuple(
        name for name, value in dump_catalog_settings(wanted).items() if value and value != before[name]
    )


def _differences(held: Mapping[str, Any], wanted: Mapping[str, Any]) -> tuple[str, ...]:
    names = (name for name in sorted({*held, *wanted}) if held.get(name) != wanted.get(name))
    return tuple(dict.fromkeys(_NAMES.get(name, name) for name in names))
