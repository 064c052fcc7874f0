"""What a tenant decided about its deliveries as a whole."""

from __future__ import annotations

from google.protobuf.duration_pb2 import Duration

from carillon.v1 import delivery_service_pb2 as pb
from carillon.v1 import types_pb2
from carillon_server.domain.delivery_settings import Branding, DeliverySettings, Fallback, SmsLimits
from carillon_server.transport.convert.sends import to_fallback
from carillon_server.transport.validation.contact import normalize_email
from carillon_server.transport.validation.field_mask import EVERYTHING

_FIELDS = ("sandbox", "branding", "sms", "fallbacks")
_DEFAULT_SEGMENTS = SmsLimits().max_segments
_NANOS_PER_SECOND = 1_000_000_000


def changed_fields(request: pb.UpdateDeliverySettingsRequest) -> frozenset[str]:
    """Those of the mask; without one, those that are not empty."""
    named = set(request.update_mask.paths)
    if EVERYTHING in named:
        return frozenset(_FIELDS)
    return frozenset(named or (field.name for field, _ in request.settings.ListFields()))


def to_settings(message: pb.DeliverySettings) -> DeliverySettings:
    """What is not set is as by default."""
    sms = message.sms
    return DeliverySettings(
        sandbox=message.sandbox,
        branding=Branding(
            message.branding.from_name,
            normalize_email(message.branding.reply_to) if message.branding.reply_to else "",
            message.branding.footer,
            message.branding.logo_url,
        ),
        sms=SmsLimits(
            frozenset(sms.allowed_countries),
            sms.max_segments or _DEFAULT_SEGMENTS,
            sms.daily_spend_cap_micros if sms.HasField("daily_spend_cap_micros") else None,
        ),
        fallbacks=tuple(to_fallback(fallback) for fallback in message.fallbacks),
    )


def to_settings_message(settings: DeliverySettings) -> pb.DeliverySettings:
    """All of them."""
    branding, sms = settings.branding, settings.sms
    return pb.DeliverySettings(
        sandbox=settings.sandbox,
        branding=pb.Branding(
            from_name=branding.from_name,
            reply_to=branding.reply_to,
            footer=branding.footer,
            logo_url=branding.logo_url,
        ),
        sms=pb.SmsLimits(
            allowed_countries=sorted(sms.allowed_countries),
            max_segments=sms.max_segments,
            daily_spend_cap_micros=sms.daily_spend_cap_micros,
        ),
        fallbacks=[_to_fallback_message(fallback) for fallback in settings.fallbacks],
    )


def _to_fallback_message(fallback: Fallback) -> types_pb2.Fallback:
    message = types_pb2.Fallback(
        channels=[types_pb2.Channel.ValueType(channel) for channel in fallback.channels]
    )
    if fallback.after_seconds is not None:
        message.after.CopyFrom(_to_duration(fallback.after_seconds))
    return message


def _to_duration(seconds: float) -> Duration:
    duration = Duration()
    duration.FromNanoseconds(round(seconds * _NANOS_PER_SECOND))
    return duration
