"""The limits of what operators ask and change; a part of the one table in `limits.py`."""

from __future__ import annotations

from carillon.v1 import delivery_service_pb2 as pb
from carillon_server.transport import delivery_relations as relations
from carillon_server.transport.field_rules import CHANNEL, FALLBACK, ID, MAX_FALLBACKS, RECIPIENT_ID, TYPE
from carillon_server.transport.validation.contact import country, email
from carillon_server.transport.validation.field_mask import field_mask
from carillon_server.transport.validation.instant import timestamp
from carillon_server.transport.validation.message import MessageRule
from carillon_server.transport.validation.rule import anything, each, mapping, read_only
from carillon_server.transport.validation.scalar import between, known_value, max_bytes, not_negative
from carillon_server.transport.validation.struct import struct
from carillon_server.transport.validation.text import each_line, line, lines, nonempty, pattern
from carillon_server.transport.validation.url import web_url

MAX_CALLBACK_BYTES = 256 * 1024
_MILLION = 1_000_000
_MAX_INT64 = 2**63 - 1

_PROVIDER_NAME = pattern("[a-z0-9_-]{1,64}", "is not 1 to 64 of a-z 0-9 _ -")


_FILTER = MessageRule(
    pb.DeliveryFilter,
    {
        "states": each(known_value(pb.DeliveryState.DESCRIPTOR), max_items=8),
        "channels": each(CHANNEL, max_items=10),
        "providers": each_line(max_items=50, max_characters=64),
        "types": each(TYPE, max_items=50),
        "recipient_id": RECIPIENT_ID,
        "start_time": timestamp,
        "end_time": timestamp,
        "finish_reasons": each_line(max_items=50, max_characters=100),
    },
    relations=relations.times_are_in_order,
)
_PROVIDER = MessageRule(
    pb.Provider,
    {
        "name": _PROVIDER_NAME,
        "kind": line(max_characters=64),
        "channel": CHANNEL,
        "enabled": anything,
        "priority": between(0, _MILLION),
        "weight": between(0, _MILLION),
        "rate_per_second": between(0.001, _MILLION),
        "burst": between(0, _MILLION),
        "max_concurrency": between(0, 10_000),
        "settings": struct(max_depth=8, max_keys=200, max_bytes=32 * 1024),
        "secret_names": read_only,
        "create_time": read_only,
        "update_time": read_only,
    },
    required=("name", "kind", "channel"),
    relations=relations.takes_messages,
)
_BRANDING = MessageRule(
    pb.Branding,
    {
        "from_name": line(max_characters=100),
        "reply_to": email,
        "footer": lines(max_characters=2_000),
        "logo_url": web_url(max_characters=2_048, schemes=frozenset({"https"})),
    },
)
_SMS = MessageRule(
    pb.SmsLimits,
    {
        "allowed_countries": each(country, max_items=300),
        "max_segments": between(1, 20),
        "daily_spend_cap_micros": between(1, _MAX_INT64),
    },
)
_SETTINGS = MessageRule(
    pb.DeliverySettings,
    {
        "sandbox": anything,
        "branding": _BRANDING,
        "sms": _SMS,
        "fallbacks": each(FALLBACK, max_items=MAX_FALLBACKS),
    },
    relations=relations.channels_fall_back_once,
)

DELIVERY_RULES = (
    _FILTER,
    _PROVIDER,
    _BRANDING,
    _SMS,
    _SETTINGS,
    MessageRule(
        pb.ListDeliveriesRequest, {"filter": _FILTER, "page_size": not_negative, "page_token": anything}
    ),
    MessageRule(pb.GetDeliveryRequest, {"id": ID}, required=("id",)),
    MessageRule(pb.RetryDeliveryRequest, {"id": ID}, required=("id",)),
    MessageRule(
        pb.RedriveDeliveriesRequest,
        {"filter": _FILTER, "dry_run": anything, "max_count": not_negative, "page_token": anything},
        relations=relations.states_can_be_retried,
    ),
    MessageRule(pb.CancelDeliveryRequest, {"id": ID}, required=("id",)),
    MessageRule(pb.ExplainNotificationRequest, {"id": ID}, required=("id",)),
    MessageRule(pb.ListProvidersRequest, {}),
    MessageRule(pb.PutProviderRequest, {"provider": _PROVIDER}, required=("provider",)),
    MessageRule(pb.DeleteProviderRequest, {"name": line(max_characters=64)}, required=("name",)),
    MessageRule(pb.ListProviderKindsRequest, {}),
    MessageRule(pb.GetDeliverySettingsRequest, {}),
    MessageRule(
        pb.UpdateDeliverySettingsRequest,
        {
            "settings": _SETTINGS,
            "update_mask": field_mask("sandbox", "branding", "sms", "fallbacks"),
        },
    ),
    MessageRule(
        pb.RecordProviderEventRequest,
        {
            "provider": line(max_characters=64),
            "url": line(max_characters=4_096),
            "headers": mapping(
                nonempty(line(max_characters=100)), line(max_characters=8_192), max_entries=100
            ),
            "body": max_bytes(MAX_CALLBACK_BYTES),
        },
        required=("provider",),
    ),
    MessageRule(
        pb.GetStatsRequest,
        {
            "start_time": timestamp,
            "end_time": timestamp,
            "group_by": each(known_value(pb.StatsDimension.DESCRIPTOR), max_items=3),
            "bucket": known_value(pb.StatsBucket.DESCRIPTOR),
        },
        required=("start_time", "end_time"),
        relations=relations.range_is_bounded,
    ),
)
