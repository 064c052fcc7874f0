"""Whole catalogs: what a bundle says, what a tenant has, and the way from one to the other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum

from carillon_server.domain.catalog_settings import NO_CATALOG_SETTINGS, CatalogSettings
from carillon_server.domain.errors import FieldViolation
from carillon_server.domain.layout import Layout
from carillon_server.domain.notification_type import NotificationType
from carillon_server.domain.template import Template, TemplateKey
from carillon_server.domain.topic import Topic


@dataclass(frozen=True, slots=True)
class CatalogBundle:
    """Types, templates and what belongs to them, as one thing."""

    name: str
    types: tuple[NotificationType, ...] = ()
    templates: tuple[Template, ...] = ()
    layouts: tuple[Layout, ...] = ()
    topics: tuple[Topic, ...] = ()
    settings: CatalogSettings | None = None
    """What is empty in it stays as it is."""


@dataclass(frozen=True, slots=True)
class HeldCatalog:
    """What a tenant has, by key; of the templates the versions in use."""

    types: Mapping[str, NotificationType] = field(default_factory=dict)
    templates: Mapping[TemplateKey, Template] = field(default_factory=dict)
    layouts: Mapping[str, Layout] = field(default_factory=dict)
    topics: Mapping[str, Topic] = field(default_factory=dict)
    settings: CatalogSettings = NO_CATALOG_SETTINGS


class Noun(StrEnum):
    """What a change is about, as the API calls it."""

    LAYOUT = "layout"
    SETTINGS = "settings"
    TEMPLATE = "template"
    TOPIC = "topic"
    TYPE = "type"


class ChangeKind(IntEnum):
    """What becomes of a thing; the numbers are those of the API."""

    CREATED = 1
    CHANGED = 2
    REMOVED = 3


@dataclass(frozen=True, slots=True)
class CatalogChange:
    """One difference."""

    kind: ChangeKind
    noun: Noun
    name: str
    fields: tuple[str, ...] = ()
    """Which differ, for CHANGED."""


@dataclass(frozen=True, slots=True)
class CatalogPlan:
    """How to get from what a tenant has to what a bundle says."""

    changes: tuple[CatalogChange, ...] = ()
    """By noun and name."""
    unchanged_count: int = 0
    puts: CatalogBundle = CatalogBundle("")
    """What is to be written, each marked as brought by the catalog."""
    removals: HeldCatalog = HeldCatalog()
    """What is to go; templates with all their versions, and types with all their templates."""
    after: HeldCatalog = HeldCatalog()
    conflicts: tuple[FieldViolation, ...] = ()
    """What another catalog brought, and this one has differently."""
