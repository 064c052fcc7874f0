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
from carillon_server.transport import field_rules, relations
from carillon_server.transport.bundle_limits import BUNDLE_RULES
from carillon_server.transport.catalog_limits import CATALOG_RULES
from carillon_server.transport.delivery_limits import DELIVERY_RULES
from carillon_server.transport.topic_limits import TOPIC_RULES
from carillon_server.transport.validation.contact import email, locale, phone, time_zone
from carillon_server.transport.validation.field_mask import field_mask
from carillon_server.transport.validation.instant import duration, timestamp
from carillon_server.transport.validation.message import MessageRule
from carillon_server.transport.validation.rule import anything, each, mapping, read_only
from carillon_server.transport.validation.scalar import known_value, not_negative
from carillon_server.transport.validation.struct import struct
from carillon_server.transport.validation.text import ascii_line, each_line, line, lines, nonempty
from carillon_server.transport.validation.url import icon, link, web_url

MAX_IDS = 1_000
MAX_BATCH_ITEMS = 1_000
# Where repeated ones count once, there is a limit to repeating too.
MAX_NAMED_RECIPIENTS = 2_000
MAX_NAMED_CHANNELS = 50

_RECIPIENT_ID = field_rules.RECIPIENT_ID
_ID = field_rules.ID
_IDS = each_line(max_items=MAX_IDS, max_characters=100)
_TYPE = field_rules.TYPE
_CATEGORY = line(max_characters=100)
_KEY = line(max_characters=200)
_LABEL_KEY = line(max_characters=64)
_LABEL_VALUE = line(max_characters=200)
_REQUEST_ID = ascii_line(max_characters=128)
_DEVICE_ID = ascii_line(max_characters=128)
_PLATFORM = known_value(types.PushPlatform.DESCRIPTOR)
_VERIFICATION = known_value(recipients.VerificationState.DESCRIPTOR)
_CHANNEL = field_rules.CHANNEL
_OWN_VALUES = struct(max_depth=16, max_keys=500, max_bytes=32 * 1024)
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
    notifications.RecipientProfile,
    {
        "recipient_id": _RECIPIENT_ID,
        "locale": locale,
        "time_zone": time_zone,
        "email": email,
        "attributes": _OWN_VALUES,
        "phone": phone,
    },
    required=("recipient_id",),
)
_FALLBACK = field_rules.FALLBACK
_ATTACHMENT = field_rules.ATTACHMENT
_SEND = MessageRule(
    notifications.SendRequest,
    {
        "request_id": _REQUEST_ID,
        "recipient_ids": each_line(max_items=MAX_NAMED_RECIPIENTS, max_characters=200),
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
        "fallbacks": each(_FALLBACK, max_items=field_rules.MAX_FALLBACKS),
        "attachments": each(_ATTACHMENT, max_items=field_rules.MAX_ATTACHMENTS),
        "topic": field_rules.TOPIC,
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
        "types": each(_TYPE, max_items=50),
        "category": _CATEGORY,
        "labels": mapping(nonempty(_LABEL_KEY), _LABEL_VALUE, max_entries=10),
        "thread_key": _KEY,
        "start_time": timestamp,
        "end_time": timestamp,
    },
)
_RECIPIENT = MessageRule(
    recipients.Recipient,
    {
        "recipient_id": _RECIPIENT_ID,
        "locale": locale,
        "time_zone": time_zone,
        "attributes": _OWN_VALUES,
        "create_time": read_only,
        "update_time": read_only,
    },
)
_ENDPOINT = MessageRule(
    recipients.Endpoint,
    {
        "id": read_only,
        "channel": _CHANNEL,
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
    recipients.UpsertRecipientRequest,
    {
        "recipient": _RECIPIENT,
        "update_mask": field_mask("locale", "time_zone", "attributes"),
        "endpoints": each(_ENDPOINT, max_items=MAX_ENDPOINTS),
    },
)
_LABEL = MessageRule(preferences.Label, {"key": _LABEL_KEY, "value": _LABEL_VALUE}, required=("key",))
_MUTE_TARGET = MessageRule(
    preferences.MuteTarget,
    {"sender": nonempty(_KEY), "thread_key": nonempty(_KEY), "label": _LABEL, "type": _TYPE},
    relations=relations.names_a_target,
)
_SWITCH = MessageRule(
    preferences.ChannelSwitch, {"channel": _CHANNEL, "enabled": anything}, required=("channel",)
)
_RULE = MessageRule(
    preferences.PreferenceRule,
    {"type": _TYPE, "channel": _CHANNEL, "enabled": anything},
    required=("type", "channel"),
)
_PREFERENCES = MessageRule(
    preferences.Preferences,
    {
        "channels": each(_SWITCH, max_items=MAX_NAMED_CHANNELS),
        "rules": each(_RULE, max_items=MAX_RULES),
        "mutes": read_only,
        "update_time": read_only,
    },
    relations=relations.preferences_are_unique,
)


def _mark(request_type: type[Message]) -> MessageRule:
    """All requests that mark look alike."""
    return MessageRule(
        request_type,
        {
            "recipient_id": _RECIPIENT_ID,
            "ids": _IDS,
            "all": anything,
            "filter": _FILTER,
            "until_cursor": anything,
        },
        relations=relations.selects_ids_or_all,
    )


def _of_recipient(request_type: type[Message]) -> MessageRule:
    """A request that names a recipient and nothing else."""
    return MessageRule(request_type, {"recipient_id": _RECIPIENT_ID})


_RULES = (
    _ACTION,
    _CONTENT,
    _FILTER,
    _PROFILE,
    _FALLBACK,
    _ATTACHMENT,
    _SEND,
    # An item of several is checked by itself, so that a bad one fails alone.
    MessageRule(
        notifications.SendBatchRequest,
        {"requests": each(anything, max_items=MAX_BATCH_ITEMS)},
        required=("requests",),
        relations=relations.batch_is_bounded,
    ),
    MessageRule(notifications.SendStreamRequest, {"request": anything}, required=("request",)),
    MessageRule(notifications.GetRequest, {"id": _ID, "recipient_id": _RECIPIENT_ID}, required=("id",)),
    MessageRule(
        notifications.ListRequest,
        {
            "recipient_id": _RECIPIENT_ID,
            "page_size": not_negative,
            "page_token": anything,
            "filter": _FILTER,
        },
    ),
    _mark(notifications.MarkReadRequest),
    _mark(notifications.MarkUnreadRequest),
    _mark(notifications.MarkSeenRequest),
    _mark(notifications.ArchiveRequest),
    _mark(notifications.UnarchiveRequest),
    _mark(notifications.PinRequest),
    _mark(notifications.UnpinRequest),
    _mark(notifications.DeleteRequest),
    MessageRule(
        notifications.RecordActionRequest,
        {"recipient_id": _RECIPIENT_ID, "id": _ID, "action_id": line(max_characters=64)},
        required=("id", "action_id"),
    ),
    _of_recipient(notifications.GetCountsRequest),
    MessageRule(
        notifications.SubscribeRequest,
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
    MessageRule(
        notifications.AckRequest,
        {"recipient_id": _RECIPIENT_ID, "device_id": _DEVICE_ID, "cursor": anything},
        required=("device_id", "cursor"),
    ),
    MessageRule(notifications.ReconcileRequest, {"recipient_id": _RECIPIENT_ID, "ids": _IDS}),
    MessageRule(
        notifications.CancelRequest,
        {
            "ids": _IDS,
            "request_id": _REQUEST_ID,
            "collapse_key": _KEY,
            "recipient_ids": each_line(max_items=MAX_IDS, max_characters=200),
        },
        relations=relations.cancels_one_thing,
    ),
    _SWITCH,
    _RULE,
    _LABEL,
    _MUTE_TARGET,
    _PREFERENCES,
    _of_recipient(preferences.GetPreferencesRequest),
    MessageRule(
        preferences.UpdatePreferencesRequest,
        {
            "recipient_id": _RECIPIENT_ID,
            "preferences": _PREFERENCES,
            "update_mask": field_mask("channels", "rules"),
        },
    ),
    MessageRule(
        preferences.MuteRequest,
        {"recipient_id": _RECIPIENT_ID, "target": _MUTE_TARGET, "until_time": timestamp},
        required=("target",),
    ),
    MessageRule(
        preferences.UnmuteRequest,
        {"recipient_id": _RECIPIENT_ID, "target": _MUTE_TARGET},
        required=("target",),
    ),
    _RECIPIENT,
    _ENDPOINT,
    UPSERT_RECIPIENT,
    # As in a batch of sends, items are checked by themselves.
    MessageRule(
        recipients.BatchUpsertRecipientsRequest,
        {"requests": each(anything, max_items=MAX_BATCH_ITEMS)},
        required=("requests",),
        relations=relations.recipient_batch_is_bounded,
    ),
    _of_recipient(recipients.GetRecipientRequest),
    MessageRule(recipients.ListRecipientsRequest, {"page_size": not_negative, "page_token": anything}),
    _of_recipient(recipients.DeleteRecipientRequest),
    _of_recipient(recipients.ExportRecipientRequest),
    MessageRule(
        recipients.PutEndpointRequest,
        {"recipient_id": _RECIPIENT_ID, "endpoint": _ENDPOINT},
        required=("endpoint",),
    ),
    _of_recipient(recipients.ListEndpointsRequest),
    MessageRule(
        recipients.DeleteEndpointRequest, {"recipient_id": _RECIPIENT_ID, "id": _ID}, required=("id",)
    ),
)

LIMITS: dict[type[Message], MessageRule] = {
    rule.message_type: rule
    for rule in (*_RULES, *DELIVERY_RULES, *CATALOG_RULES, *BUNDLE_RULES, *TOPIC_RULES)
}
