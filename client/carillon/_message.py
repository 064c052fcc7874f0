"""Builds protobuf messages out of plain Python values, guided by their descriptors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import cache
from typing import Any, TypeVar

from google.protobuf.duration_pb2 import Duration
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from google.protobuf.struct_pb2 import NULL_VALUE, ListValue, Struct, Value
from google.protobuf.timestamp_pb2 import Timestamp

# Struct holds every number as a double, which would silently change larger integers.
_LARGEST_EXACT_INTEGER = 2**53

# Left out, as they are what an unset field reads as.
_EMPTY: tuple[object, ...] = (None, "", ())

_Message = TypeVar("_Message", bound=Message)
_Converter = Callable[[Any], Any]


def message(kind: type[_Message], /, **fields: Any) -> _Message:
    """A message of `kind` with these fields; those that are None stay unset.

    Raises `ValueError` or `TypeError` for values that the fields cannot hold.
    """
    converters = _converters(kind.DESCRIPTOR)
    unknown = fields.keys() - converters.keys()
    if unknown:
        raise TypeError(f"{kind.DESCRIPTOR.name} has no field {min(unknown)!r}")
    given = {name: value for name, value in fields.items() if value not in _EMPTY}
    return kind(**{name: converters[name](value) for name, value in given.items()})


# Descriptors are `Any` here: the stubs of the pure and the compiled protobuf disagree about their classes.
@cache
def _converters(descriptor: Any) -> dict[str, _Converter]:
    return {field.name: _converter(field) for field in descriptor.fields}


def _converter(field: Any) -> _Converter:
    if field.message_type is not None and field.message_type.GetOptions().map_entry:
        return dict
    convert = _single_converter(field)
    # `label` is deprecated and `is_repeated` too new: the default is what all supported versions agree on.
    return _many(field.name, convert) if field.default_value == [] else convert


def _single_converter(field: Any) -> _Converter:
    if field.message_type is not None:
        kind = GetMessageClass(field.message_type)
        return _WELL_KNOWN.get(kind.DESCRIPTOR.full_name) or _nested(kind)
    if field.enum_type is not None:
        return _enum(field.enum_type)
    return _same


def _same(value: object) -> object:
    return value


def _many(name: str, convert: _Converter) -> _Converter:
    def convert_all(values: Any) -> list[Any]:
        # A string is a sequence of strings: "ada" would become the recipients a, d and a.
        if isinstance(values, str | bytes | Mapping):
            raise TypeError(f"{name} takes a sequence, not {type(values).__name__}")
        return [convert(value) for value in values]

    return convert_all


def _nested(kind: type[Message]) -> _Converter:
    def convert(value: Any) -> Message:
        if isinstance(value, kind):
            return value
        if isinstance(value, Mapping):
            return message(kind, **value)
        raise TypeError(f"{kind.DESCRIPTOR.name} takes a dict or a message, not {type(value).__name__}")

    return convert


def _enum(enum: Any) -> _Converter:
    prefix = enum.values[0].name.removesuffix("UNSPECIFIED")
    numbers: dict[str, int] = {value.name.removeprefix(prefix): value.number for value in enum.values}

    def convert(value: Any) -> int:
        if isinstance(value, int):
            return value
        number = numbers.get(str(value).upper().removeprefix(prefix))
        if number is None:
            raise ValueError(f"{value!r} is not a {enum.name}: {', '.join(numbers)}")
        return number

    return convert


def _timestamp(value: Any) -> Timestamp:
    if isinstance(value, Timestamp):
        return value
    if not isinstance(value, datetime):
        raise TypeError(f"an instant is a datetime, not {type(value).__name__}")
    if value.utcoffset() is None:
        raise ValueError("an instant needs a time zone: datetime.now(timezone.utc)")
    instant = Timestamp()
    instant.FromDatetime(value)
    return instant


def _duration(value: Any) -> Duration:
    if isinstance(value, Duration):
        return value
    if not isinstance(value, timedelta):
        raise TypeError(f"a duration is a timedelta, not {type(value).__name__}")
    duration = Duration()
    duration.FromTimedelta(value)
    return duration


def _field_mask(value: Any) -> FieldMask:
    return value if isinstance(value, FieldMask) else FieldMask(paths=_many("update_mask", _same)(value))


def _struct(value: Any) -> Struct:
    if isinstance(value, Struct):
        return value
    if not isinstance(value, Mapping):
        raise TypeError(f"data is a dict, not {type(value).__name__}")
    return Struct(fields={key: _value(item) for key, item in value.items()})


def _value(value: Any) -> Value:
    match value:
        case None:
            return Value(null_value=NULL_VALUE)
        case bool():
            return Value(bool_value=value)
        case int() if abs(value) > _LARGEST_EXACT_INTEGER:
            raise ValueError(f"{value} would lose digits: pass integers beyond 2**53 as strings")
        case int() | float():
            return Value(number_value=value)
        case str():
            return Value(string_value=value)
        case Mapping():
            return Value(struct_value=_struct(value))
        case list() | tuple():
            return Value(list_value=ListValue(values=[_value(item) for item in value]))
        case _:
            raise TypeError(f"data holds JSON values, not {type(value).__name__}")


_WELL_KNOWN: dict[str, _Converter] = {
    Timestamp.DESCRIPTOR.full_name: _timestamp,
    Duration.DESCRIPTOR.full_name: _duration,
    FieldMask.DESCRIPTOR.full_name: _field_mask,
    Struct.DESCRIPTOR.full_name: _struct,
}
