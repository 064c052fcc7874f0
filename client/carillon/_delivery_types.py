"""What calls about deliveries take; a part of `carillon.types`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Required, TypedDict

from carillon._enum_values import Channel, DeliveryState


class DeliveryFilter(TypedDict, total=False):
    """Which deliveries."""

    states: Sequence[DeliveryState]
    channels: Sequence[Channel]
    providers: Sequence[str]
    types: Sequence[str]
    recipient_id: str
    start_time: datetime
    end_time: datetime
    finish_reasons: Sequence[str]


class Provider(TypedDict, total=False):
    """How a tenant talks to one outside service."""

    name: Required[str]
    kind: Required[str]
    channel: Required[Channel]
    enabled: bool
    priority: int
    weight: int
    rate_per_second: float
    burst: int
    max_concurrency: int
    settings: Mapping[str, Any]


class Branding(TypedDict, total=False):
    """What the mails of a tenant have in common."""

    from_name: str
    reply_to: str
    footer: str
    logo_url: str


class SmsLimits(TypedDict, total=False):
    """What text messages may cost."""

    allowed_countries: Sequence[str]
    max_segments: int
    daily_spend_cap_micros: int
