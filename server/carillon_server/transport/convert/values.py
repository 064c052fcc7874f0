"""Structs as plain values."""

from __future__ import annotations

from typing import Any

from google.protobuf.struct_pb2 import ListValue, Struct, Value


def to_plain(struct: Struct) -> dict[str, Any]:
    """As JSON would be read: whole numbers are ints, though a Struct has floats only. Templates would print
    `3.0` scans. Takes what keeps the limits of depth.
    """
    return {key: _value(value) for key, value in struct.fields.items()}


def to_struct(values: dict[str, Any]) -> Struct:
    """The inverse."""
    struct = Struct()
    struct.update(values)
    return struct


def _list(values: ListValue) -> list[Any]:
    return [_value(value) for value in values.values]


def _value(value: Value) -> Any:
    match value.WhichOneof("kind"):
        case "string_value":
            return value.string_value
        case "number_value":
            number = value.number_value
            return int(number) if number.is_integer() else number
        case "bool_value":
            return value.bool_value
        case "struct_value":
            return to_plain(value.struct_value)
        case "list_value":
            return _list(value.list_value)
        case _:
            return None
