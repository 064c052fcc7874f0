"""The limits of types, templates and layouts; a part of the one table in `limits.py`."""

from __future__ import annotations

from carillon.v1 import catalog_service_pb2 as pb
from carillon.v1 import types_pb2
from carillon_server.transport import catalog_relations as relations
from carillon_server.transport.convert.catalogs import SETTINGS_FIELDS
from carillon_server.transport.field_rules import CHANNEL, RECIPIENT_ID, TYPE
from carillon_server.transport.validation.contact import locale, time_zone
from carillon_server.transport.validation.field_mask import field_mask
from carillon_server.transport.validation.message import MessageRule
from carillon_server.transport.validation.rule import anything, each, mapping, read_only
from carillon_server.transport.validation.scalar import between, known_value, not_negative
from carillon_server.transport.validation.struct import struct
from carillon_server.transport.validation.text import line, lines, pattern

MAX_LONG_TEXT = 128 * 1024
_MAX_INT64 = 2**63 - 1
_CHANNELS = 6

NAME = pattern("[A-Za-z0-9_.-]{1,100}", "is not 1 to 100 of a-z A-Z 0-9 _ . -")
TOPIC_NAME = pattern("[A-Za-z0-9_.:/-]{1,100}", "is not 1 to 100 of a-z A-Z 0-9 _ . : / -")
_VALUES = struct(max_depth=16, max_keys=500, max_bytes=32 * 1024)
_KEPT = relations.span(max_days=relations.MAX_KEPT_DAYS)
_RULE = line(max_characters=500)
_SHORT = line(max_characters=10_000)
_LONG = lines(max_characters=MAX_LONG_TEXT)
_WEEKDAY = known_value(pb.Weekday.DESCRIPTOR)
_MANY_CHANNELS = each(CHANNEL, max_items=50)

_CHANNEL_DEFAULT = MessageRule(
    pb.ChannelDefault, {"channel": CHANNEL, "enabled": anything}, required=("channel",)
)
_RETENTION = MessageRule(pb.Retention, {"archive_after": _KEPT, "delete_after": _KEPT})
_DIGEST = MessageRule(
    pb.DigestPolicy,
    {
        "frequency": known_value(pb.DigestFrequency.DESCRIPTOR),
        "channels": each(CHANNEL, max_items=5),
        "local_time": relations.local_time,
        "weekday": _WEEKDAY,
        "max_items": between(0, 1_000),
    },
    required=("frequency", "channels"),
    relations=relations.digest_makes_sense,
)
_SCHEDULE = MessageRule(
    pb.SchedulePolicy,
    {"local_time": relations.local_time, "weekdays": each(_WEEKDAY, max_items=7), "topic": TOPIC_NAME},
    required=("local_time",),
    relations=relations.weekdays_are_unique,
)
_STEP = MessageRule(
    pb.EscalationStep,
    {
        "after": relations.span(max_days=relations.MAX_STEP_DAYS),
        "channels": each(CHANNEL, max_items=_CHANNELS),
        "topic": TOPIC_NAME,
    },
    required=("after",),
    relations=relations.step_leads_somewhere,
)
_ESCALATION = MessageRule(pb.EscalationPolicy, {"steps": each(_STEP, max_items=10)}, required=("steps",))
TYPE_RULE = MessageRule(
    pb.NotificationType,
    {
        "name": TYPE,
        "display_name": line(max_characters=100),
        "description": lines(max_characters=1_000),
        "category": line(max_characters=100),
        "priority": known_value(types_pb2.Priority.DESCRIPTOR),
        "channels": each(_CHANNEL_DEFAULT, max_items=_CHANNELS),
        "mandatory": anything,
        "retention": _RETENTION,
        "collapse_rule": _RULE,
        "thread_rule": _RULE,
        "data_schema": struct(max_depth=32, max_keys=2_000, max_bytes=32 * 1024),
        "sample_data": _VALUES,
        "time_to_live": _KEPT,
        "digest": _DIGEST,
        "schedule": _SCHEDULE,
        "escalation": _ESCALATION,
        "catalog": read_only,
        "create_time": read_only,
        "update_time": read_only,
    },
    required=("name",),
    relations=relations.channels_are_unique,
)
_ACTION = MessageRule(
    types_pb2.Action, {"id": _SHORT, "label": _SHORT, "url": _SHORT}, required=("id", "label")
)
_IN_APP = MessageRule(
    pb.InAppTemplate,
    {
        "title": _SHORT,
        "body": _LONG,
        "action_url": _SHORT,
        "icon": _SHORT,
        "image_url": _SHORT,
        "actions": each(_ACTION, max_items=5),
    },
)
_EMAIL = MessageRule(
    pb.EmailTemplate,
    {
        "subject": _SHORT,
        "text": _LONG,
        "html": _LONG,
        "mjml": _LONG,
        "markdown": _LONG,
        "layout": NAME,
        "preheader": _SHORT,
    },
    relations=relations.mail_is_marked_up_once,
)
_PUSH_DATA_KEY = pattern("[A-Za-z0-9_.-]{1,64}", "is not 1 to 64 of a-z A-Z 0-9 _ . -")
_PUSH = MessageRule(
    pb.PushTemplate,
    {
        "title": _SHORT,
        "body": _LONG,
        "action_url": _SHORT,
        "icon": _SHORT,
        "data": mapping(_PUSH_DATA_KEY, _LONG, max_entries=20),
    },
)
_SMS = MessageRule(pb.SmsTemplate, {"text": _LONG})
_WEBHOOK = MessageRule(pb.WebhookTemplate, {"payload": _LONG})
_CHAT = MessageRule(pb.ChatTemplate, {"title": _SHORT, "body": _LONG, "action_url": _SHORT})
TEMPLATE_RULE = MessageRule(
    pb.Template,
    {
        "type": TYPE,
        "channel": read_only,
        "locale": locale,
        "version": read_only,
        "active": read_only,
        "in_app": _IN_APP,
        "email": _EMAIL,
        "push": _PUSH,
        "sms": _SMS,
        "webhook": _WEBHOOK,
        "chat": _CHAT,
        "catalog": read_only,
        "create_time": read_only,
    },
    required=("type", "locale"),
    relations=relations.template_says_something,
)
LAYOUT_RULE = MessageRule(
    pb.Layout,
    {
        "name": NAME,
        "format": known_value(pb.LayoutFormat.DESCRIPTOR),
        "source": _LONG,
        "catalog": read_only,
        "update_time": read_only,
    },
    required=("name", "format", "source"),
)
SETTINGS_RULE = MessageRule(
    pb.CatalogSettings,
    {
        "unknown_types": known_value(pb.UnknownTypes.DESCRIPTOR),
        "default_locale": locale,
        "default_time_zone": time_zone,
    },
)
_ONE_TEMPLATE = {"type": TYPE, "channel": CHANNEL, "locale": locale}
_KEY_FIELDS = tuple(_ONE_TEMPLATE)
_PAGE = {"page_size": not_negative, "page_token": anything}

CATALOG_RULES = (
    _CHANNEL_DEFAULT,
    _RETENTION,
    _DIGEST,
    _SCHEDULE,
    _STEP,
    _ESCALATION,
    TYPE_RULE,
    _IN_APP,
    _EMAIL,
    _PUSH,
    _SMS,
    _WEBHOOK,
    _CHAT,
    TEMPLATE_RULE,
    LAYOUT_RULE,
    SETTINGS_RULE,
    MessageRule(pb.PutTypeRequest, {"type": TYPE_RULE}, required=("type",)),
    MessageRule(pb.GetTypeRequest, {"name": TYPE}, required=("name",)),
    MessageRule(pb.ListTypesRequest, {**_PAGE, "catalog": NAME}),
    MessageRule(pb.DeleteTypeRequest, {"name": TYPE}, required=("name",)),
    MessageRule(
        pb.PutTemplateRequest, {"template": TEMPLATE_RULE, "inactive": anything}, required=("template",)
    ),
    MessageRule(
        pb.GetTemplateRequest,
        {**_ONE_TEMPLATE, "version": between(0, _MAX_INT64)},
        required=_KEY_FIELDS,
    ),
    MessageRule(pb.ListTemplatesRequest, {**_PAGE, **_ONE_TEMPLATE, "all_versions": anything}),
    MessageRule(
        pb.ActivateTemplateVersionRequest,
        {**_ONE_TEMPLATE, "version": between(1, _MAX_INT64)},
        required=(*_KEY_FIELDS, "version"),
    ),
    MessageRule(pb.DeleteTemplateRequest, _ONE_TEMPLATE, required=_KEY_FIELDS),
    MessageRule(pb.PutLayoutRequest, {"layout": LAYOUT_RULE}, required=("layout",)),
    MessageRule(pb.ListLayoutsRequest, _PAGE),
    MessageRule(pb.DeleteLayoutRequest, {"name": NAME}, required=("name",)),
    MessageRule(
        pb.PreviewTemplateRequest,
        {
            "type": TYPE,
            "data": _VALUES,
            "locale": locale,
            "time_zone": time_zone,
            "recipient_id": RECIPIENT_ID,
            "channels": _MANY_CHANNELS,
            "template": TEMPLATE_RULE,
            "version": between(0, _MAX_INT64),
        },
        relations=relations.names_what_to_preview,
    ),
    MessageRule(
        pb.SendTestRequest,
        {
            "type": TYPE,
            "recipient_id": RECIPIENT_ID,
            "data": _VALUES,
            "channels": _MANY_CHANNELS,
            "locale": locale,
        },
        required=("type", "recipient_id"),
    ),
    MessageRule(pb.GetCatalogSettingsRequest, {}),
    MessageRule(
        pb.UpdateCatalogSettingsRequest,
        {"settings": SETTINGS_RULE, "update_mask": field_mask(*SETTINGS_FIELDS)},
    ),
)
