"""The one table of limits: what every field of every request may hold.

The comments of the protos say the same. Limits that depend on the time of the call are in `time_limits.py`.
"""

from __future__ import annotations

from google.protobuf.message import Message

from carillon.v1 import notification_service_pb2 as notifications
from carillon.v1 import preference_service_pb2 as preferences
from carillon.v1 import recipient_service_pb2 as recipients
from carillon.v1 import types_pb2 as types
from carillon_server.domain.preferences import MAX_RULES
from carillon_server.domain.recipient import MAX_ENDPOINTS
from carillon_server.transport import relations
from carillon_server.transport.validation.contact import email, locale, time_zone
from carillon_server.transport.validation.field_mask import field_mask
from carillon_server.transport.validation.instant import duration, timestamp
from carillon_server.transport.validation.message import MessageRule
from carillon_server.transport.validation.rule import anything, each, mapping, read_only
from carillon_server.transport.validation.scalar import known_value, not_negative
from carillon_server.transport.validation.struct import struct
from carillon_server.transport.validation.text import ascii_line, line, lines, nonempty, pattern
from carillon_server.transport.validation.url import icon, link, web_url

MAX_IDS = 1_000
MAX_BATCH_ITEMS = 1_000
# Where repeated ones count once, there is a limit to repeating too.
MAX_NAMED_RECIPIENTS = 2_000
MAX_NAMED_CHANNELS = 50

_RECIPIENT_ID = line(max_characters=200)
_ID = line(max_characters=100)
_IDS = each(nonempty(_ID), max_items=MAX_IDS)
_TYPE = pattern("[A-Za-z0-9_.-]{1,100}", "is not 1 to 100 of a-z A-Z 0-9 _ . -")
_CATEGORY = line(max_characters=100)
_KEY = line(max_characters=200)
_LABEL_KEY = line(max_characters=64)
_LABEL_VALUE = line(max_characters=200)
_REQUEST_ID = ascii_line(max_characters=128)
_DEVICE_ID = ascii_line(max_characters=128)
_CHANNEL = known_value(types.Channel.DESCRIPTOR)
_OWN_VALUES = struct(max_depth=16, max_keys=500, max_bytes=32 * 1024)
_LINK = link(max_characters=2_048)

_ACTION = MessageRule(
    {"id": line(max_characters=64), "label": line(max_characters=100), "url": _LINK}, required=("id", "label")
)
_CONTENT = MessageRule(
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
    {"recipient_id": _RECIPIENT_ID, "locale": locale, "time_zone": time_zone, "email": email},
    required=("recipient_id",),
)
_SEND = MessageRule(
    {
        "request_id": _REQUEST_ID,
        "recipient_ids": each(nonempty(_RECIPIENT_ID), max_items=MAX_NAMED_RECIPIENTS),
        "recipients": each(_PROFILE, max_items=MAX_NAMED_RECIPIENTS),
        "type": _TYPE,
        "data": _OWN_VALUES,
        "content": _CONTENT,
        "channels": each(_CHANNEL, max_items=MAX_NAMED_CHANNELS),
        "priority": known_value(types.Priority.DESCRIPTOR),
        "category": _CATEGORY,
        "thread_key": _KEY,
        "collapse_key": _KEY,
        "actor_id": _KEY,
        "labels": mapping(nonempty(_LABEL_KEY), _LABEL_VALUE, max_entries=20),
        "deliver_time": timestamp,
        "expire_time": timestamp,
        "dry_run": anything,
    },
    required=("content", "type"),
    relations=relations.names_recipients,
)
_FILTER = MessageRule(
    {
        "unread": anything,
        "archived": anything,
        "types": each(_TYPE, max_items=50),
        "category": _CATEGORY,
        "labels": mapping(nonempty(_LABEL_KEY), _LABEL_VALUE, max_entries=10),
        "thread_key": _KEY,
        "start_time": timestamp,
        "end_time": timestamp,
    }
)
_MARK = MessageRule(
    {
        "recipient_id": _RECIPIENT_ID,
        "ids": _IDS,
        "all": anything,
        "filter": _FILTER,
        "until_cursor": anything,
    },
    relations=relations.selects_ids_or_all,
)
_OF_RECIPIENT = MessageRule({"recipient_id": _RECIPIENT_ID})
_RECIPIENT = MessageRule(
    {
        "recipient_id": _RECIPIENT_ID,
        "locale": locale,
        "time_zone": time_zone,
        "attributes": _OWN_VALUES,
        "create_time": read_only,
        "update_time": read_only,
    }
)
_ENDPOINT = MessageRule(
    {
        "id": read_only,
        "channel": _CHANNEL,
        "address": line(max_characters=4_096),
        "label": line(max_characters=100),
        "create_time": read_only,
    },
    required=("channel", "address"),
    relations=relations.address_fits_channel,
)
_LABEL = MessageRule({"key": _LABEL_KEY, "value": _LABEL_VALUE}, required=("key",))
_MUTE_TARGET = MessageRule(
    {"sender": nonempty(_KEY), "thread_key": nonempty(_KEY), "label": _LABEL, "type": _TYPE},
    relations=relations.names_a_target,
)
_SWITCH = MessageRule({"channel": _CHANNEL, "enabled": anything}, required=("channel",))
_RULE = MessageRule({"type": _TYPE, "channel": _CHANNEL, "enabled": anything}, required=("type", "channel"))
_PREFERENCES = MessageRule(
    {
        "channels": each(_SWITCH, max_items=MAX_NAMED_CHANNELS),
        "rules": each(_RULE, max_items=MAX_RULES),
        "mutes": read_only,
        "update_time": read_only,
    },
    relations=relations.preferences_are_unique,
)

LIMITS: dict[type[Message], MessageRule] = {
    types.Action: _ACTION,
    types.Content: _CONTENT,
    types.Filter: _FILTER,
    notifications.RecipientProfile: _PROFILE,
    notifications.SendRequest: _SEND,
    # An item of several is checked by itself, so that a bad one fails alone.
    notifications.SendBatchRequest: MessageRule(
        {"requests": each(anything, max_items=MAX_BATCH_ITEMS)},
        required=("requests",),
        relations=relations.batch_is_bounded,
    ),
    notifications.SendStreamRequest: MessageRule({"request": anything}, required=("request",)),
    notifications.GetRequest: MessageRule({"id": _ID, "recipient_id": _RECIPIENT_ID}, required=("id",)),
    notifications.ListRequest: MessageRule(
        {
            "recipient_id": _RECIPIENT_ID,
            "page_size": not_negative,
            "page_token": anything,
            "filter": _FILTER,
        }
    ),
    notifications.MarkReadRequest: _MARK,
    notifications.MarkUnreadRequest: _MARK,
    notifications.MarkSeenRequest: _MARK,
    notifications.ArchiveRequest: _MARK,
    notifications.UnarchiveRequest: _MARK,
    notifications.PinRequest: _MARK,
    notifications.UnpinRequest: _MARK,
    notifications.DeleteRequest: _MARK,
    notifications.RecordActionRequest: MessageRule(
        {"recipient_id": _RECIPIENT_ID, "id": _ID, "action_id": line(max_characters=64)},
        required=("id", "action_id"),
    ),
    notifications.GetCountsRequest: _OF_RECIPIENT,
    notifications.SubscribeRequest: MessageRule(
        {
            "recipient_id": _RECIPIENT_ID,
            "cursor": anything,
            "filter": _FILTER,
            "heartbeat": duration,
            "device_id": _DEVICE_ID,
            "snapshot_size": not_negative,
        },
        relations=relations.filter_fits_a_stream,
    ),
    notifications.AckRequest: MessageRule(
        {"recipient_id": _RECIPIENT_ID, "device_id": _DEVICE_ID, "cursor": anything},
        required=("device_id", "cursor"),
    ),
    notifications.ReconcileRequest: MessageRule({"recipient_id": _RECIPIENT_ID, "ids": _IDS}),
    notifications.CancelRequest: MessageRule(
        {
            "ids": _IDS,
            "request_id": _REQUEST_ID,
            "collapse_key": _KEY,
            "recipient_ids": each(nonempty(_RECIPIENT_ID), max_items=MAX_IDS),
        },
        relations=relations.cancels_one_thing,
    ),
    preferences.ChannelSwitch: _SWITCH,
    preferences.PreferenceRule: _RULE,
    preferences.Label: _LABEL,
    preferences.MuteTarget: _MUTE_TARGET,
    preferences.Preferences: _PREFERENCES,
    preferences.GetPreferencesRequest: _OF_RECIPIENT,
    preferences.UpdatePreferencesRequest: MessageRule(
        {
            "recipient_id": _RECIPIENT_ID,
            "preferences": _PREFERENCES,
            "update_mask": field_mask("channels", "rules"),
        }
    ),
    preferences.MuteRequest: MessageRule(
        {"recipient_id": _RECIPIENT_ID, "target": _MUTE_TARGET, "until_time": timestamp}, required=("target",)
    ),
    preferences.UnmuteRequest: MessageRule(
        {"recipient_id": _RECIPIENT_ID, "target": _MUTE_TARGET}, required=("target",)
    ),
    recipients.Recipient: _RECIPIENT,
    recipients.Endpoint: _ENDPOINT,
    recipients.UpsertRecipientRequest: MessageRule(
        {
            "recipient": _RECIPIENT,
            "update_mask": field_mask("locale", "time_zone", "attributes"),
            "endpoints": each(_ENDPOINT, max_items=MAX_ENDPOINTS),
        }
    ),
    recipients.GetRecipientRequest: _OF_RECIPIENT,
    recipients.ListRecipientsRequest: MessageRule({"page_size": not_negative, "page_token": anything}),
    recipients.DeleteRecipientRequest: _OF_RECIPIENT,
    recipients.PutEndpointRequest: MessageRule(
        {"recipient_id": _RECIPIENT_ID, "endpoint": _ENDPOINT}, required=("endpoint",)
    ),
    recipients.ListEndpointsRequest: _OF_RECIPIENT,
    recipients.DeleteEndpointRequest: MessageRule(
        {"recipient_id": _RECIPIENT_ID, "id": _ID}, required=("id",)
    ),
}
