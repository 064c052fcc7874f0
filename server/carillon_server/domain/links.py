"""What may stand where a link, a picture or an icon is asked for."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

WEB_SCHEMES = frozenset({"http", "https"})

# Browsers drop tabs and line ends and take a backslash for a slash: what looks harmless may lead elsewhere.
_UNSAFE = re.compile("[\x00-\x20\x7f-\x9f\\\\\u2028\u2029]")
_NAME = re.compile("[A-Za-z0-9_.-]+")


def is_link(value: str) -> bool:
    """An absolute http(s) URL, or an absolute path on the site that shows it."""
    return is_path(value) or is_absolute(value)


def is_icon(value: str) -> bool:
    """A plain name, or an absolute http(s) URL."""
    return _NAME.fullmatch(value) is not None or is_absolute(value)


def is_path(value: str) -> bool:
    """An absolute path."""
    return value.startswith("/") and not value.startswith("//") and _UNSAFE.search(value) is None


def is_absolute(value: str, schemes: frozenset[str] = WEB_SCHEMES) -> bool:
    """A URL with one of the schemes and a host."""
    if _UNSAFE.search(value) is not None:
        return False
    try:
        parts = urlsplit(value)
        # Reading the port is what checks it.
        return parts.scheme in schemes and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
