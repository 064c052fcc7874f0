"""Rules for links."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from carillon_server.transport.validation.rule import FINE, Rule, Violations, wrong

# Browsers drop tabs and line ends and take a backslash for a slash: what looks harmless may lead elsewhere.
_UNSAFE = re.compile("[\x00-\x20\x7f-\x9f\\\\\u2028\u2029]")

_NAME = re.compile("[A-Za-z0-9_.-]+")
_WEB = frozenset({"http", "https"})


def web_url(*, max_characters: int, schemes: frozenset[str] = _WEB) -> Rule:
    """An absolute URL with a host."""
    too_long = wrong(f"is longer than {max_characters:,} characters")
    violation = wrong(f"is not an absolute URL with the scheme {' or '.join(sorted(schemes))}")

    def check(value: str) -> Violations:
        if len(value) > max_characters:
            return too_long
        return FINE if _is_absolute(value, schemes) else violation

    return check


def link(*, max_characters: int) -> Rule:
    """An absolute URL, or an absolute path on the site that shows it."""
    too_long = wrong(f"is longer than {max_characters:,} characters")
    violation = wrong("is neither an absolute http(s) URL nor an absolute path")

    def check(value: str) -> Violations:
        if len(value) > max_characters:
            return too_long
        return FINE if _is_path(value) or _is_absolute(value, _WEB) else violation

    return check


def icon(*, max_characters: int) -> Rule:
    """A plain name, or an absolute URL."""
    too_long = wrong(f"is longer than {max_characters:,} characters")
    violation = wrong("is neither a name of a-z A-Z 0-9 _ . - nor an absolute http(s) URL")

    def check(value: str) -> Violations:
        if len(value) > max_characters:
            return too_long
        return FINE if _NAME.fullmatch(value) or _is_absolute(value, _WEB) else violation

    return check


def _is_path(value: str) -> bool:
    return value.startswith("/") and not value.startswith("//") and _UNSAFE.search(value) is None


def _is_absolute(value: str, schemes: frozenset[str]) -> bool:
    if _UNSAFE.search(value) is not None:
        return False
    try:
        parts = urlsplit(value)
        # Reading the port is what checks it.
        return parts.scheme in schemes and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
