"""The limits of whole catalogs; a part of the one table in `limits.py`."""

from __future__ import annotations

from collections.abc import Iterable

from google.protobuf.message import Message

from carillon.v1 import catalog_service_pb2 as pb
from carillon_server.domain.catalog_limits import MAX_LAYOUTS, MAX_TEMPLATES, MAX_TYPES
from carillon_server.transport.catalog_limits import (
    LAYOUT_RULE,
    NAME,
    SETTINGS_RULE,
    TEMPLATE_RULE,
    TOPIC_NAME,
    TYPE_RULE,
)
from carillon_server.transport.validation.message import MessageRule
from carillon_server.transport.validation.rule import FINE, Violations, anything, each, wrong
from carillon_server.transport.validation.text import line, lines

MAX_TOPICS = 1_000
MAX_BUNDLE_BYTES = 16 * 1024 * 1024
LARGER_MESSAGES: dict[type[Message], int] = {pb.ApplyCatalogRequest: MAX_BUNDLE_BYTES}
"""What may be larger than the setting `max_message_bytes` says: a catalog is applied as one thing or not at
all."""


def _each_once(bundle: pb.CatalogBundle) -> Violations:
    """Of two things of one name it would be unclear which one holds."""
    templates = ((each.type, each.WhichOneof("content"), each.locale.lower()) for each in bundle.templates)
    return (
        _unique("types", (each.name for each in bundle.types))
        or _unique("templates", templates)
        or _unique("layouts", (each.name for each in bundle.layouts))
        or _unique("topics", (each.name for each in bundle.topics))
    )


def _unique(field: str, keys: Iterable[object]) -> Violations:
    seen: set[object] = set()
    for index, key in enumerate(keys):
        if key in seen:
            return wrong("is there twice", f"{field}[{index}]")
        seen.add(key)
    return FINE


_TOPIC = MessageRule(
    pb.CatalogTopic,
    {
        "name": TOPIC_NAME,
        "display_name": line(max_characters=100),
        "description": lines(max_characters=1_000),
    },
    required=("name",),
)
_BUNDLE = MessageRule(
    pb.CatalogBundle,
    {
        "name": NAME,
        "types": each(TYPE_RULE, max_items=MAX_TYPES),
        "templates": each(TEMPLATE_RULE, max_items=MAX_TEMPLATES),
        "layouts": each(LAYOUT_RULE, max_items=MAX_LAYOUTS),
        "topics": each(_TOPIC, max_items=MAX_TOPICS),
        "settings": SETTINGS_RULE,
    },
    required=("name",),
    relations=_each_once,
)
BUNDLE_RULES = (
    _TOPIC,
    _BUNDLE,
    MessageRule(
        pb.ApplyCatalogRequest,
        {"bundle": _BUNDLE, "dry_run": anything, "prune": anything},
        required=("bundle",),
    ),
    MessageRule(pb.ExportCatalogRequest, {"catalog": NAME}),
)
