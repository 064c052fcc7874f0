"""The rule for field masks."""

from __future__ import annotations

from google.protobuf.field_mask_pb2 import FieldMask

from carillon_server.transport.validation.rule import FINE, Rule, Violations, wrong

EVERYTHING = "*"
_MAX_PATHS = 100


def field_mask(*paths: str) -> Rule:
    """Only these paths, or `*` alone."""
    known = frozenset(paths)
    violation = wrong(f"knows only the paths {', '.join(sorted(known))} and *")
    mixed = wrong("has * together with other paths")

    def check(mask: FieldMask) -> Violations:
        if len(mask.paths) > _MAX_PATHS:
            return violation
        chosen = set(mask.paths)
        if EVERYTHING in chosen:
            return FINE if chosen == {EVERYTHING} else mixed
        return FINE if chosen <= known else violation

    return check
