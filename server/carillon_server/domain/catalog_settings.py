"""What a tenant says about types and templates as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any


class UnknownTypes(IntEnum):
    """What a Send of an unknown type leads to; the numbers are those of the API."""

    AS_INSTALLED = 0
    REFUSE = 1
    ACCEPT = 2


@dataclass(frozen=True, slots=True)
class CatalogSettings:
    """Empty strings mean: the default."""

    unknown_types: UnknownTypes = UnknownTypes.AS_INSTALLED
    default_locale: str = ""
    default_time_zone: str = ""


NO_CATALOG_SETTINGS = CatalogSettings()


def dump_catalog_settings(settings: CatalogSettings) -> dict[str, Any]:
    """As JSON can carry it."""
    return {
        "unknown_types": int(settings.unknown_types),
        "default_locale": settings.default_locale,
        "default_time_zone": settings.default_time_zone,
    }


def load_catalog_settings(document: Mapping[str, Any]) -> CatalogSettings:
    """The inverse of `dump_catalog_settings`; what is missing is as by default."""
    return CatalogSettings(
        UnknownTypes(document.get("unknown_types", UnknownTypes.AS_INSTALLED)),
        document.get("default_locale", ""),
        document.get("default_time_zone", ""),
    )
