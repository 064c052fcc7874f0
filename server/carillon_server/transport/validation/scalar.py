"""Rules for numbers and enums."""

from __future__ import annotations

from google.protobuf.descriptor import EnumDescriptor

from carillon_server.transport.validation.rule import FINE, Rule, Violations, wrong

_NEGATIVE = wrong("is negative")


def not_negative(value: int) -> Violations:
    """Zero or more; sizes too large are clamped, not refused."""
    return FINE if value >= 0 else _NEGATIVE


def known_value(enum: EnumDescriptor) -> Rule:
    """One of the enum's values other than UNSPECIFIED, which counts as not set."""
    known = frozenset(value.number for value in enum.values) - {0}
    violation = wrong("is not a known value")
    return lambda value: FINE if value in known else violation


def between(least: float, most: float) -> Rule:
    """A number within a range; NaN is in none."""
    violation = wrong(f"is not from {least:,} to {most:,}")
    return lambda value: FINE if least <= value <= most else violation


def max_bytes(most: int) -> Rule:
    """Bytes of whatever kind."""
    violation = wrong(f"has more than {most:,} bytes")
    return lambda value: FINE if len(value) <= most else violation
