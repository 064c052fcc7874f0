"""What a type makes of a send, for one recipient."""

from __future__ import annotations

from typing import Any

from google.protobuf.json_format import MessageToDict

from carillon.testing._catalog_store import Catalog
from carillon.testing._entry import now_utc, to_datetime, to_timestamp
from carillon.testing._refusal import Refusal
from carillon.testing._render import render, render_text, to_content
from carillon.v1 import catalog_service_pb2 as pb
from carillon.v1 import types_pb2
from carillon.v1.notification_service_pb2 import SendRequest
from carillon.v1.recipient_service_pb2 import Recipient

_SOURCES = (
    types_pb2.CHANNEL_IN_APP,
    types_pb2.CHANNEL_PUSH,
    types_pb2.CHANNEL_CHAT,
    types_pb2.CHANNEL_EMAIL,
    types_pb2.CHANNEL_SMS,
)
"""The first that has a template tells the inbox."""


def find_type(catalog: Catalog, request: SendRequest) -> pb.NotificationType | None:
    """None: unknown, and accepted. Raises what makes the send impossible for everybody."""
    kind = catalog.types.get(request.type)
    if kind is None:
        if catalog.refuses_unknown:
            raise Refusal("TYPE_NOT_FOUND")
        if not request.HasField("content"):
            raise Refusal("FIELD_INVALID", violations=[("content", "is required: no template tells it")])
        return None
    missing = [name for name in _required(kind) if name not in request.data.fields]
    if missing:
        raise Refusal("FIELD_INVALID", violations=[(f"data.{name}", "is required") for name in missing])
    if not request.HasField("content") and not any(catalog.active(kind.name)):
        raise Refusal("TEMPLATE_NOT_FOUND")
    return kind


def compose(
    catalog: Catalog, kind: pb.NotificationType, request: SendRequest, recipient: Recipient
) -> SendRequest:
    """The send with what the type says where the sender says nothing."""
    composed = SendRequest()
    composed.CopyFrom(request)
    composed.category = request.category or kind.category
    composed.priority = request.priority or kind.priority
    if kind.HasField("time_to_live") and not request.HasField("expire_time"):
        begin = to_datetime(request.deliver_time) if request.HasField("deliver_time") else now_utc()
        composed.expire_time.CopyFrom(to_timestamp(begin + kind.time_to_live.ToTimedelta()))
    variables = _variables(request, recipient, composed)
    if kind.collapse_rule and not request.collapse_key:
        composed.collapse_key = render_text(kind.collapse_rule, variables, "collapse_rule")
    if kind.thread_rule and not request.thread_key:
        composed.thread_key = render_text(kind.thread_rule, variables, "thread_rule")
    if not request.HasField("content"):
        chosen = catalog.choose(kind.name, recipient.locale)
        source = next((channel for channel in _SOURCES if channel in chosen), None)
        if source is None:
            raise Refusal("TEMPLATE_NOT_FOUND")
        composed.content.CopyFrom(to_content(render(chosen[source], variables, catalog.layouts)))
    return composed


def _variables(request: SendRequest, recipient: Recipient, composed: SendRequest) -> dict[str, Any]:
    data = MessageToDict(request.data)
    return {
        **data,
        "data": data,
        "recipient": {
            "id": recipient.recipient_id,
            "locale": recipient.locale or "en",
            "time_zone": recipient.time_zone or "UTC",
            "attributes": MessageToDict(recipient.attributes),
        },
        "notification": {
            "type": request.type,
            "category": composed.category,
            "actor_id": request.actor_id,
            "labels": dict(request.labels),
        },
    }


def _required(kind: pb.NotificationType) -> list[str]:
    """Of all that a schema can say, the fake knows what must be there."""
    named = kind.data_schema.fields.get("required")
    return [each.string_value for each in named.list_value.values] if named else []
