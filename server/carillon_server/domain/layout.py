"""Layouts: what goes around the mails of a tenant, and the pieces that they include."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum

_CONTENT = re.compile(r"\{\{[-+]?\s*content\b[^}]*\}\}")


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

    @property
    def is_partial(self) -> bool:
        """Whether mails include it, rather than stand in it."""
        return content_places(self.source) == 0


def content_places(source: str) -> int:
    """How often it says where the mail goes: a layout does so once, a partial never."""
    return len(_CONTENT.findall(source))
