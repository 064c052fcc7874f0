"""Payloads that are amended: what templates and types add to what was sent.

A payload is a serialized `Notification`. Serialized messages can be joined: of a field that is in both, the
later one counts. So what is added goes behind, and what was sent is never parsed for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from google.protobuf.struct_pb2 import ListValue, Struct, Value

from carillon.v1 import types_pb2
from carillon_server.domain.errors import FieldViolation
from carillon_server.services.ports import PayloadChange
from carillon_server.transport.instants import set_timestamp
from carillon_server.transport.limits import LIMITS

_CHECK_CONTENT = LIMITS[types_pb2.Content]
_MAX_ACTIONS = 5


class Payloads:
    """Reads and amends payloads."""

    def data_of(self, payload: bytes) -> Mapping[str, Any]:
        """What the sender gave, as plain values; whole numbers are integers."""
        return _to_plain_members(types_pb2.Notification.FromString(payload).data)

    def content_violations(self, parts: Mapping[str, str]) -> Sequence[FieldViolation]:
        """Which limits of ready content these parts break, by the names of the parts."""
        return _CHECK_CONTENT(_to_content(parts))

    def amend(self, payload: bytes, change: PayloadChange) -> bytes:
        """The payload with the change."""
        added = types_pb2.Notification(
            category=change.category,
            priority=types_pb2.Priority.ValueType(change.priority or 0),
            thread_key=change.thread_key,
            collapse_key=change.collapse_key,
        )
        if change.expire_time is not None:
            set_timestamp(added.expire_time, change.expire_time)
        if change.content is not None:
            added.content.CopyFrom(_to_content(change.content))
        return payload + added.SerializeToString()


def _to_content(parts: Mapping[str, str]) -> types_pb2.Content:
    content = types_pb2.Content(
        title=parts.get("title", ""),
        body=parts.get("body", ""),
        action_url=parts.get("action_url", ""),
        icon=parts.get("icon", ""),
        image_url=parts.get("image_url", ""),
    )
    for index in range(_MAX_ACTIONS):
        # A button without a label is none: that is how a template leaves one away.
        if label := parts.get(f"actions[{index}].label", "").strip():
            id_, url = (parts.get(f"actions[{index}].{name}", "") for name in ("id", "url"))
            content.actions.add(id=id_, label=label, url=url)
    return content


def _to_plain_members(struct: Struct) -> dict[str, Any]:
    return {name: _to_plain(value) for name, value in struct.fields.items()}


def _to_plain(value: Value) -> Any:
    kind = value.WhichOneof("kind")
    if kind == "struct_value":
        return _to_plain_members(value.struct_value)
    if kind == "list_value":
        return _to_plain_items(value.list_value)
    if kind == "number_value":
        number = value.number_value
        return int(number) if number.is_integer() else number
    return None if kind in (None, "null_value") else getattr(value, kind)


def _to_plain_items(items: ListValue) -> list[Any]:
    return [_to_plain(value) for value in items.values]
