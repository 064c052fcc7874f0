"""The limits of notifications: sending, inboxes, live streams; a part of the one table in `limits.py`."""

from __future__ import annotations

from google.protobuf.message import Message

from carillon.v1 import notification_service_pb2 as pb
from carillon.v1 import types_pb2 as types
from carillon_server.transport import relations
from carillon_server.transport.field_rules import (
    ATTACHMENT,
    CATEGORY,
    CHANNEL,
    FALLBACK,
    ID,
    KEY,
    LABEL_KEY,
    LABEL_VALUE,
    MAX_ATTACHMENTS,
    MAX_BATCH_ITEMS,
    MAX_FALLBACKS,
    MAX_NAMED_CHANNELS,
    OWN_VALUES,
    RECIPIENT_ID,
    TOPIC,
    TYPE,
    of_recipient,
)
from carillon_server.transport.validation.contact import email, locale, phone, time_zone
from carillon_server.transport.validation.instant import duration, timestamp
from carillon_server.transport.validation.message import MessageRule
from carillon_server.transport.validation.rule import anything, each, mapping
from carillon_server.transport.validation.scalar import known_value, not_negative
from carillon_server.transport.validation.text import ascii_line, each_line, line, lines, nonempty
from carillon_server.transport.validation.url import icon, link, web_url

MAX_IDS = 1_000
# Where repeated ones count once, there is a limit to repeating too.
MAX_NAMED_RECIPIENTS = 2_000

_IDS = each_line(max_items=MAX_IDS, max_characters=100)
_REQUEST_ID = ascii_line(max_characters=128)
_DEVICE_ID = ascii_line(max_characters=128)
_LINK = link(max_characters=2_048)

_ACTION = MessageRule(
    types.Action,
    {"id": line(max_characters=64), "label": line(max_characters=100), "url": _LINK},
    required=("id", "label"),
)
_CONTENT = MessageRule(
    types.Content,
    {
        "title": line(max_characters=200),
        "body": lines(max_characters=10_000),
        "action_url": _LINK,
        "icon": icon(max_characters=2_048),
        "image_url": web_url(max_characters=2_048),
        "actions": each(_ACTION, max_items=5),
    },
    required=("title",),
    relations=relations.action_ids_are_unique,
)
_PROFILE = MessageRule(
    pb.RecipientProfile,
    {
        "recipient_id": RECIPIENT_ID,
        "locale": locale,
        "time_zone": time_zone,
        "email": email,
        "attributes": OWN_VALUES,
        "phone": phone,
    },
    required=("recipient_id",),
)
_SEND = MessageRule(
    pb.SendRequest,
    {
        "request_id": _REQUEST_ID,
        "recipient_ids": each_line(max_items=MAX_NAMED_RECIPIENTS, max_characters=200),
        "recipients": each(_PROFILE, max_items=MAX_NAMED_RECIPIENTS),
        "type": TYPE,
        "data": OWN_VALUES,
        "content": _CONTENT,
        "channels": each(CHANNEL, max_items=MAX_NAMED_CHANNELS),
        "priority": known_value(types.Priority.DESCRIPTOR),
        "category": CATEGORY,
        "thread_key": KEY,
        "collapse_key": KEY,
        "actor_id": KEY,
        "labels": mapping(nonempty(LABEL_KEY), LABEL_VALUE, max_entries=20),
        "deliver_time": timestamp,
        "expire_time": timestamp,
        "dry_run": anything,
        "fallbacks": each(FALLBACK, max_items=MAX_FALLBACKS),
        "attachments": each(ATTACHMENT, max_items=MAX_ATTACHMENTS),
        "topic": TOPIC,
        "everyone": anything,
    },
    required=("type",),
    relations=relations.send_is_consistent,
)
_FILTER = MessageRule(
    types.Filter,
    {
        "unread": anything,
        "archived": anything,
        "types": each(TYPE, max_items=50),
        "category": CATEGORY,
        "labels": mapping(nonempty(LABEL_KEY), LABEL_VALUE, max_entries=10),
        "thread_key": KEY,
        "start_time": timestamp,
        "end_time": timestamp,
    },
)


def _mark(request_type: type[Message]) -> MessageRule:
    """All requests that mark look alike."""
    return MessageRule(
        request_type,
        {
            "recipient_id": RECIPIENT_ID,
            "ids": _IDS,
            "all": anything,
            "filter": _FILTER,
            "until_cursor": anything,
        },
        relations=relations.selects_ids_or_all,
    )


NOTIFICATION_RULES = (
    _ACTION,
    _CONTENT,
    _FILTER,
    _PROFILE,
    FALLBACK,
    ATTACHMENT,
    _SEND,
    # An item of several is checked by itself, so that a bad one fails alone.
    MessageRule(
        pb.SendBatchRequest,
        {"requests": each(anything, max_items=MAX_BATCH_ITEMS)},
        required=("requests",),
        relations=relations.batch_is_bounded,
    ),
    MessageRule(pb.SendStreamRequest, {"request": anything}, required=("request",)),
    MessageRule(pb.GetRequest, {"id": ID, "recipient_id": RECIPIENT_ID}, required=("id",)),
    MessageRule(
        pb.ListRequest,
        {
            "recipient_id": RECIPIENT_ID,
            "page_size": not_negative,
            "page_token": anything,
            "filter": _FILTER,
        },
    ),
    _mark(pb.MarkReadRequest),
    _mark(pb.MarkUnreadRequest),
    _mark(pb.MarkSeenRequest),
    _mark(pb.ArchiveRequest),
    _mark(pb.UnarchiveRequest),
    _mark(pb.PinRequest),
    _mark(pb.UnpinRequest),
    _mark(pb.DeleteRequest),
    MessageRule(
        pb.RecordActionRequest,
        {"recipient_id": RECIPIENT_ID, "id": ID, "action_id": line(max_characters=64)},
        required=("id", "action_id"),
    ),
    of_recipient(pb.GetCountsRequest),
    MessageRule(
        pb.SubscribeRequest,
        {
            "recipient_id": RECIPIENT_ID,
            "cursor": anything,
            "filter": _FILTER,
            "heartbeat": duration,
            "device_id": _DEVICE_ID,
            "snapshot_size": not_negative,
        },
        relations=relations.filter_fits_a_stream,
    ),
    MessageRule(
        pb.AckRequest,
        {"recipient_id": RECIPIENT_ID, "device_id": _DEVICE_ID, "cursor": anything},
        required=("device_id", "cursor"),
    ),
    MessageRule(pb.ReconcileRequest, {"recipient_id": RECIPIENT_ID, "ids": _IDS}),
    MessageRule(
        pb.CancelRequest,
        {
            "ids": _IDS,
            "request_id": _REQUEST_ID,
            "collapse_key": KEY,
            "recipient_ids": each_line(max_items=MAX_IDS, max_characters=200),
        },
        relations=relations.cancels_one_thing,
    ),
)
