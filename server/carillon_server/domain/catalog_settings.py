"""What a tenant says about types and templates as a whole."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


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
