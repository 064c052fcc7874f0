"""The limits of recipients and their endpoints; a part of the one table in `limits.py`."""

from __future__ import annotations

from carillon.v1 import recipient_service_pb2 as pb
from carillon.v1 import types_pb2 as types
from carillon_server.domain.recipient import MAX_ENDPOINTS
from carillon_server.transport import relations
from carillon_server.transport.field_rules import (
    CHANNEL,
    ID,
    MAX_BATCH_ITEMS,
    OWN_VALUES,
    RECIPIENT_ID,
    of_recipient,
)
from carillon_server.transport.validation.contact import locale, time_zone
from carillon_server.transport.validation.field_mask import field_mask
from carillon_server.transport.validation.message import MessageRule
from carillon_server.transport.validation.rule import anything, each, read_only
from carillon_server.transport.validation.scalar import known_value, not_negative
from carillon_server.transport.validation.text import line

_VERIFICATION = known_value(pb.VerificationState.DESCRIPTOR)
_PLATFORM = known_value(types.PushPlatform.DESCRIPTOR)

_RECIPIENT = MessageRule(
    pb.Recipient,
    {
        "recipient_id": RECIPIENT_ID,
        "locale": locale,
        "time_zone": time_zone,
        "attributes": OWN_VALUES,
        "create_time": read_only,
        "update_time": read_only,
    },
)
_ENDPOINT = MessageRule(
    pb.Endpoint,
    {
        "id": read_only,
        "channel": CHANNEL,
        "address": line(max_characters=4_096),
        "label": line(max_characters=100),
        "create_time": read_only,
        "platform": _PLATFORM,
        "verification": _VERIFICATION,
        "verify_time": read_only,
    },
    required=("channel", "address"),
    relations=relations.address_fits_channel,
)
UPSERT_RECIPIENT = MessageRule(
    pb.UpsertRecipientRequest,
    {
        "recipient": _RECIPIENT,
        "update_mask": field_mask("locale", "time_zone", "attributes"),
        "endpoints": each(_ENDPOINT, max_items=MAX_ENDPOINTS),
    },
)

RECIPIENT_RULES = (
    _RECIPIENT,
    _ENDPOINT,
    UPSERT_RECIPIENT,
    # As in a batch of sends, items are checked by themselves.
    MessageRule(
        pb.BatchUpsertRecipientsRequest,
        {"requests": each(anything, max_items=MAX_BATCH_ITEMS)},
        required=("requests",),
        relations=relations.recipient_batch_is_bounded,
    ),
    of_recipient(pb.GetRecipientRequest),
    MessageRule(pb.ListRecipientsRequest, {"page_size": not_negative, "page_token": anything}),
    of_recipient(pb.DeleteRecipientRequest),
    of_recipient(pb.ExportRecipientRequest),
    MessageRule(
        pb.PutEndpointRequest,
        {"recipient_id": RECIPIENT_ID, "endpoint": _ENDPOINT},
        required=("endpoint",),
    ),
    of_recipient(pb.ListEndpointsRequest),
    MessageRule(pb.DeleteEndpointRequest, {"recipient_id": RECIPIENT_ID, "id": ID}, required=("id",)),
)
