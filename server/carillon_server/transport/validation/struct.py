"""The rule for values of the caller's own."""

from __future__ import annotations

from math import isfinite

from google.protobuf.struct_pb2 import ListValue, Struct, Value

from carillon_server.transport.validation.rule import FINE, Rule, Violations, wrong

_NUL = "\x00"


def struct(*, max_depth: int, max_keys: int, max_bytes: int) -> Rule:
    """A Struct as JSON can carry it: no NaN, no infinity, no NUL, no value left unset."""
    too_large = wrong(f"has more than {max_bytes:,} bytes")

    def check(value: Struct) -> Violations:
        if value.ByteSize() > max_bytes:
            return too_large
        walk = _Walk(max_depth, max_keys)
        description = walk.struct(value, 1)
        return wrong(description) if description else FINE

    return check


class _Walk:
    """One pass over a Struct; each step answers what is wrong, or nothing."""

    def __init__(self, max_depth: int, max_keys: int) -> None:
        self._max_depth = max_depth
        self._max_keys = max_keys
        self._keys = 0

    def struct(self, value: Struct, depth: int) -> str:
        if depth > self._max_depth:
            return f"is nested deeper than {self._max_depth}"
        self._keys += len(value.fields)
        if self._keys > self._max_keys:
            return f"has more than {self._max_keys} keys"
        for key, item in value.fields.items():
            if _NUL in key:
                return "has a NUL"
            if found := self._value(item, depth):
                return found
        return ""

    def _list(self, value: ListValue, depth: int) -> str:
        if depth > self._max_depth:
            return f"is nested deeper than {self._max_depth}"
        return next((found for item in value.values if (found := self._value(item, depth))), "")

    def _value(self, value: Value, depth: int) -> str:
        match value.WhichOneof("kind"):
            case "string_value":
                return "has a NUL" if _NUL in value.string_value else ""
            case "number_value":
                return "" if isfinite(value.number_value) else "has a number that is not finite"
            case "struct_value":
                return self.struct(value.struct_value, depth + 1)
            case "list_value":
                return self._list(value.list_value, depth + 1)
            case None:
                return "has a value that is not set"
            case _:
                return ""
