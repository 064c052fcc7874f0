"""What is held of a recipient, as JSON has it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message

from carillon.v1 import recipient_service_pb2 as pb
from carillon.v1 import types_pb2
from carillon_server.domain.delivery_query import AttemptView, DeliveryView, EventView
from carillon_server.domain.export import Piece, Subject
from carillon_server.domain.notification import StoredNotification
from carillon_server.domain.preferences import Preferences
from carillon_server.domain.recipient import Endpoint, Recipient
from carillon_server.transport.convert.deliveries import (
    to_attempt_message,
    to_delivery_message,
    to_event_message,
)
from carillon_server.transport.convert.preferences import to_preferences_message
from carillon_server.transport.convert.recipients import to_endpoint_message, to_recipient_message
from carillon_server.transport.encode import encode_notification
from carillon_server.transport.instants import to_timestamp


def to_export_response(piece: Piece) -> pb.ExportRecipientResponse:
    """One piece, with the names of the API."""
    response = pb.ExportRecipientResponse(noun=piece.noun)
    response.record.update({**_known(piece.subject), **_to_json(piece.more)})
    return response


def _of_notification(stored: StoredNotification) -> types_pb2.Notification:
    return types_pb2.Notification.FromString(encode_notification(stored))


_MESSAGES: Mapping[type[Subject], Callable[[Any], Message]] = {
    Recipient: to_recipient_message,
    Endpoint: to_endpoint_message,
    Preferences: to_preferences_message,
    StoredNotification: _of_notification,
    DeliveryView: to_delivery_message,
    AttemptView: to_attempt_message,
    EventView: to_event_message,
}


def _known(subject: Subject | None) -> dict[str, Any]:
    if subject is None:
        return {}
    message = _MESSAGES[type(subject)](subject)
    return MessageToDict(message, preserving_proto_field_name=True)


def _to_json(value: Any) -> Any:
    match value:
        case datetime():
            return to_timestamp(value).ToJsonString()
        case Mapping():
            return {key: _to_json(item) for key, item in value.items() if item is not None}
        case list():
            return [_to_json(item) for item in value]
        case _:
            return value
