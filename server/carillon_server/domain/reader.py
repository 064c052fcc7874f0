"""Whoever reads a notification: what its wording depends on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Reader:
    """Empty strings mean: the tenant's defaults."""

    locale: str = ""
    time_zone: str = ""
    attributes: Mapping[str, Any] = field(default_factory=dict)


UNKNOWN_READER = Reader()
