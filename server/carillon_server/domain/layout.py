"""Layouts: what goes around the mails of a tenant, and the pieces that they include."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum


class LayoutFormat(IntEnum):
    """What the source is; the numbers are those of the API."""

    HTML = 1
    MJML = 2


@dataclass(frozen=True, slots=True)
class Layout:
    """A layout, or a partial."""

    name: str
    format: LayoutFormat
    source: str
    catalog: str = ""
    update_time: datetime | None = None
