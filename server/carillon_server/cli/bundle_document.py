"""A bundle of the API as the plain dictionary that catalogs' files are written from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from google.protobuf.duration_pb2 import Duration
from google.protobuf.json_format import MessageToDict
from google.protobuf.struct_pb2 import Struct

if TYPE_CHECKING:
    from google.protobuf.message import Message


def to_document(message: Message) -> dict[str, Any]:
    """The fields that are set, as the client takes them: enums by name, durations as timedelta."""
    document: dict[str, Any] = {}
    for field, value in message.ListFields():
        if isinstance(value, Struct):
            document[field.name] = _whole(MessageToDict(value))
        elif field.message_type is not None and field.message_type.GetOptions().map_entry:
            document[field.name] = dict(sorted(value.items()))
        elif isinstance(value, str | bool | int | float) or hasattr(value, "DESCRIPTOR"):
            document[field.name] = _one(field, value)
        else:
            document[field.name] = [_one(field, item) for item in value]
    if message.DESCRIPTOR.name == "ChannelDefault":
        document.setdefault("enabled", False)
    return document


def _one(field: Any, value: Any) -> Any:
    if isinstance(value, Duration):
        return value.ToTimedelta()
    if field.message_type is not None:
        return to_document(value)
    if field.enum_type is not None:
        prefix = field.enum_type.values[0].name.removesuffix("UNSPECIFIED")
        return field.enum_type.values_by_number[value].name.removeprefix(prefix)
    return value


def _whole(value: Any) -> Any:
    """Numbers of a Struct are all doubles; those without a fraction are whole numbers in files."""
    if isinstance(value, dict):
        return {key: _whole(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_whole(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
