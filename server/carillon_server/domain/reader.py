"""Whoever reads a notification: what its wording depends on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from carillon_server.domain.recipient import RecipientPatch


@dataclass(frozen=True, slots=True)
class Reader:
    """Empty strings mean: the tenant's defaults."""

    locale: str = ""
    time_zone: str = ""
    attributes: Mapping[str, Any] = field(default_factory=dict)


UNKNOWN_READER = Reader()


def patched(reader: Reader, patch: RecipientPatch) -> Reader:
    """The reader as if the patch had been stored."""
    return Reader(
        patch.locale or reader.locale,
        patch.time_zone or reader.time_zone,
        reader.attributes if patch.attributes is None else patch.attributes,
    )
