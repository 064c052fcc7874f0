"""What a rule is, and the rules made of other rules."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from carillon_server.domain.errors import FieldViolation

Violations: TypeAlias = Sequence[FieldViolation]
Rule: TypeAlias = Callable[[Any], Violations]

FINE: Violations = ()
MAX_VIOLATIONS = 20
"""A caller needs a few to mend a request, not one per item of a bad batch."""


def wrong(description: str, path: str = "") -> Violations:
    """One violation, of the value itself or of a part of it."""
    return (FieldViolation(path, description),)


def under(name: str, violations: Violations) -> list[FieldViolation]:
    """The same violations, seen from the message that has the field."""
    return [FieldViolation(_join(name, violation.field), violation.description) for violation in violations]


def _join(name: str, path: str) -> str:
    return f"{name}{path}" if not path or path.startswith("[") else f"{name}.{path}"


def anything(_value: object) -> Violations:
    """For fields whose every value is fine: flags, and tokens that are checked by opening them."""
    return FINE


def read_only(_value: object) -> Violations:
    """For fields that only replies carry; in requests they are passed over."""
    return FINE


def each(rule: Rule, *, max_items: int) -> Rule:
    """A repeated field. Its length comes first: a message has room for a million items to look at."""
    too_many = wrong(f"has more than {max_items:,} items")

    def check(values: Sequence[Any]) -> Violations:
        if len(values) > max_items:
            return too_many
        collected: list[FieldViolation] = []
        for index, value in enumerate(values):
            found = rule(value)
            if found:
                collected.extend(under(f"[{index}]", found))
                if len(collected) >= MAX_VIOLATIONS:
                    break
        return collected

    return check


def mapping(keys: Rule, values: Rule, *, max_entries: int) -> Rule:
    """A map of texts. Violations name the map alone: a key may be too long to repeat."""
    too_many = wrong(f"has more than {max_entries} entries")

    def check(entries: Mapping[str, str]) -> Violations:
        if len(entries) > max_entries:
            return too_many
        for key in entries:
            if found := keys(key):
                return wrong(f"a key {found[0].description}")
            # Half the time of `items`, which goes through the views of protobuf's map.
            if found := values(entries[key]):
                return wrong(f"a value {found[0].description}")
        return FINE

    return check
