"""Paths of violations, seen from the request."""

from __future__ import annotations

from collections.abc import Sequence

from carillon_server.domain.errors import FieldViolation


def under(field: str, violations: Sequence[FieldViolation]) -> Sequence[FieldViolation]:
    """The same violations, of a field that holds what they are about."""
    return [FieldViolation(f"{field}.{each.field}", each.description) for each in violations]
