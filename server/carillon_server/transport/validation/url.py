"""Rules for links."""

from __future__ import annotations

from carillon_server.domain.links import WEB_SCHEMES, is_absolute, is_icon, is_link
from carillon_server.transport.validation.rule import FINE, Rule, Violations, wrong


def web_url(*, max_characters: int, schemes: frozenset[str] = WEB_SCHEMES) -> Rule:
    """An absolute URL with a host."""
    too_long = wrong(f"is longer than {max_characters:,} characters")
    violation = wrong(f"is not an absolute URL with the scheme {' or '.join(sorted(schemes))}")

    def check(value: str) -> Violations:
        if len(value) > max_characters:
            return too_long
        return FINE if is_absolute(value, schemes) else violation

    return check


def link(*, max_characters: int) -> Rule:
    """An absolute URL, or an absolute path on the site that shows it."""
    too_long = wrong(f"is longer than {max_characters:,} characters")
    violation = wrong("is neither an absolute http(s) URL nor an absolute path")

    def check(value: str) -> Violations:
        if len(value) > max_characters:
            return too_long
        return FINE if is_link(value) else violation

    return check


def icon(*, max_characters: int) -> Rule:
    """A plain name, or an absolute URL."""
    too_long = wrong(f"is longer than {max_characters:,} characters")
    violation = wrong("is neither a name of a-z A-Z 0-9 _ . - nor an absolute http(s) URL")

    def check(value: str) -> Violations:
        if len(value) > max_characters:
            return too_long
        return FINE if is_icon(value) else violation

    return check
