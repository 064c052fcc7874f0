"""Rules for files that go with mails."""

from __future__ import annotations

import re

from carillon_server.transport.validation.rule import FINE, Rule, Violations, wrong
from carillon_server.transport.validation.text import line

_NAME = r"[A-Za-z0-9!#$&^_.+-]+"
_CONTENT_TYPE = re.compile(rf"{_NAME}/{_NAME}")
_MAX_CONTENT_TYPE_CHARACTERS = 100
# They hold other parts, and what is in those nobody has looked at.
_COMPOSITE = re.compile(r"(?:multipart|message)/", re.IGNORECASE)
# Besides separators: what makes `exe.pdf` out of `fdp.exe` on a screen.
_MISLEADING = re.compile("[/\\\\\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")

_NO_FILENAME = wrong("has path separators or marks of text direction")
_NO_CONTENT_TYPE = wrong("is not type/subtype of at most 100 characters, or is multipart or message")


def filename(*, max_characters: int) -> Rule:
    """The name of a file, without any folder."""
    one_line = line(max_characters=max_characters)
    return lambda value: one_line(value) or (_NO_FILENAME if _MISLEADING.search(value) else FINE)


def content_type(value: str) -> Violations:
    """A media type without parameters (RFC 6838)."""
    fits = len(value) <= _MAX_CONTENT_TYPE_CHARACTERS and _CONTENT_TYPE.fullmatch(value)
    return FINE if fits and not _COMPOSITE.match(value) else _NO_CONTENT_TYPE


def size(*, max_bytes: int) -> Rule:
    """Of bytes."""
    too_large = wrong(f"is larger than {max_bytes:,} bytes")
    return lambda value: FINE if len(value) <= max_bytes else too_large
