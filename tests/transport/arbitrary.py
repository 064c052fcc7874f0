"""Arbitrary requests, from the descriptors: every field with values that nobody would send on purpose."""

from __future__ import annotations

from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from hypothesis import strategies as st

from tests.transport.requests import ENDPOINT_ID, NOTIFICATION_ID

_MAX_DEPTH = 6
_STRANGE = [
    "",
    "\x00",
    "\n",
    "\u202e",
    "\ufeff",
    "\ufdfa" * 3,
    "\U0010ffff",
    "e\u0301",
    "İ",
    "%s{}",
    "'; --",
    "../..",
    "-1",
    "x" * 300,
    NOTIFICATION_ID,
    ENDPOINT_ID,
    "ada",
    "ada@example.com",
    "+41446681800",
    "https://a.example/",
    "Europe/Zurich",
    "de-CH",
    "*",
    "scan.completed",
]
_TEXTS = st.one_of(st.sampled_from(_STRANGE), st.text(max_size=20))
_NUMBERS: dict[int, st.SearchStrategy[Any]] = {
    FieldDescriptor.CPPTYPE_INT32: st.one_of(st.integers(-2, 8), st.sampled_from([2**31 - 1, -(2**31)])),
    FieldDescriptor.CPPTYPE_INT64: st.one_of(
        st.integers(-2, 2**32), st.sampled_from([2**63 - 1, -(2**63), 253_402_300_799, -62_135_596_800])
    ),
    FieldDescriptor.CPPTYPE_DOUBLE: st.one_of(st.floats(), st.sampled_from([1e308, -0.0, 2.0**53])),
    FieldDescriptor.CPPTYPE_BOOL: st.booleans(),
    FieldDescriptor.CPPTYPE_ENUM: st.one_of(st.integers(0, 7), st.sampled_from([-1, 2**31 - 1])),
    FieldDescriptor.CPPTYPE_STRING: _TEXTS,
}


@st.composite
def messages(draw: st.DrawFn, message_type: type[Message], depth: int = 0) -> Message:
    """A message with some of its fields set."""
    message = message_type()
    for field in _chosen(draw, message_type.DESCRIPTOR, depth):
        if field.is_repeated and _is_map(field):
            _fill_map(draw, message, field, depth)
        elif field.is_repeated:
            for _ in range(draw(st.integers(0, 3))):
                _append(draw, getattr(message, field.name), field, depth)
        elif field.message_type is not None:
            getattr(message, field.name).CopyFrom(_part(draw, field.message_type, depth))
        else:
            setattr(message, field.name, _scalar(draw, field))
    return message


def _chosen(draw: st.DrawFn, descriptor: Descriptor, depth: int) -> list[FieldDescriptor]:
    fields = [field for field in descriptor.fields if depth < _MAX_DEPTH or field.message_type is None]
    return draw(st.lists(st.sampled_from(fields), unique_by=lambda field: field.name)) if fields else []


def _part(draw: st.DrawFn, descriptor: Descriptor, depth: int) -> Message:
    return draw(messages(GetMessageClass(descriptor), depth + 1))


def _scalar(draw: st.DrawFn, field: FieldDescriptor) -> Any:
    if field.type == FieldDescriptor.TYPE_BYTES:
        return draw(st.binary(max_size=40))
    return draw(_NUMBERS[field.cpp_type])


def _append(draw: st.DrawFn, values: Any, field: FieldDescriptor, depth: int) -> None:
    if field.message_type is not None:
        values.add().CopyFrom(_part(draw, field.message_type, depth))
    else:
        values.append(draw(_NUMBERS[field.cpp_type]))


def _is_map(field: FieldDescriptor) -> bool:
    return field.message_type is not None and field.message_type.GetOptions().map_entry


def _fill_map(draw: st.DrawFn, message: Message, field: FieldDescriptor, depth: int) -> None:
    entries = getattr(message, field.name)
    value = field.message_type.fields_by_name["value"]
    for key in draw(st.lists(_TEXTS, max_size=3)):
        if value.message_type is not None:
            entries[key].CopyFrom(_part(draw, value.message_type, depth))
        else:
            entries[key] = draw(_NUMBERS[value.cpp_type])
