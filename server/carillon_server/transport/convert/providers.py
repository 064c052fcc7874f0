"""Providers, their kinds and how they do."""

from __future__ import annotations

import json

from google.protobuf.json_format import MessageToDict, Parse
from google.protobuf.struct_pb2 import Struct

from carillon.v1 import delivery_service_pb2 as pb
from carillon.v1 import types_pb2
from carillon_server.domain.breaker import BreakerState
from carillon_server.domain.channel import Channel
from carillon_server.domain.provider import ProviderConfig
from carillon_server.domain.provider_event import Callback
from carillon_server.domain.provider_health import ProviderHealth
from carillon_server.domain.provider_kind import ProviderField, ProviderKindInfo
from carillon_server.services.providers import ProviderStatus
from carillon_server.transport.instants import optional_timestamp

_DEFAULT_PRIORITY, _DEFAULT_WEIGHT, _DEFAULT_CONCURRENCY = 100, 1, 10
_BREAKERS = {
    BreakerState.CLOSED: pb.ProviderHealth.BREAKER_CLOSED,
    BreakerState.HALF_OPEN: pb.ProviderHealth.BREAKER_HALF_OPEN,
    BreakerState.OPEN: pb.ProviderHealth.BREAKER_OPEN,
}


def to_provider_config(tenant: str, message: pb.Provider) -> ProviderConfig:
    """A provider as an operator wants it, with defaults for what is not set; all settings are in one."""
    return ProviderConfig(
        tenant=tenant,
        name=message.name,
        kind=message.kind,
        channel=Channel(message.channel),
        settings=MessageToDict(message.settings),
        enabled=message.enabled if message.HasField("enabled") else True,
        priority=message.priority if message.HasField("priority") else _DEFAULT_PRIORITY,
        weight=message.weight if message.HasField("weight") else _DEFAULT_WEIGHT,
        rate_per_second=message.rate_per_second if message.HasField("rate_per_second") else None,
        burst=message.burst or 1,
        max_concurrency=message.max_concurrency or _DEFAULT_CONCURRENCY,
    )


def to_provider_message(status: ProviderStatus) -> pb.Provider:
    """A provider without its secrets."""
    row = status.row
    return pb.Provider(
        name=row.name,
        kind=row.kind,
        channel=types_pb2.Channel.ValueType(row.channel),
        enabled=row.enabled,
        priority=row.priority,
        weight=row.weight,
        rate_per_second=row.rate_per_second,
        burst=row.burst,
        max_concurrency=row.max_concurrency,
        settings=Parse(json.dumps(row.settings), Struct()),
        secret_names=status.secret_names,
        create_time=optional_timestamp(row.create_time),
        update_time=optional_timestamp(row.update_time),
    )


def to_status_message(status: ProviderStatus) -> pb.ProviderStatus:
    """A provider and how it does."""
    health = _to_health(status.health) if status.health else pb.ProviderHealth()
    return pb.ProviderStatus(provider=to_provider_message(status), health=health)


def to_kind_message(kind: ProviderKindInfo) -> pb.ProviderKind:
    """A kind with its fields."""
    return pb.ProviderKind(
        name=kind.name,
        channels=[types_pb2.Channel.ValueType(channel) for channel in kind.channels],
        fields=[_to_field(field) for field in kind.fields],
        has_callbacks=kind.has_callbacks,
        at_most_once=kind.at_most_once,
    )


def to_callback(request: pb.RecordProviderEventRequest) -> Callback:
    """The request of the provider; names of headers in lower case."""
    headers = {name.lower(): value for name, value in request.headers.items()}
    return Callback(request.url, headers, request.body)


def _to_health(health: ProviderHealth) -> pb.ProviderHealth:
    return pb.ProviderHealth(
        breaker=_BREAKERS[health.breaker],
        worker_count=health.workers,
        available_tokens=health.tokens,
        running_count=health.running,
        paused_until_time=optional_timestamp(health.paused_until_time),
        last_success_time=optional_timestamp(health.last_success_time),
        last_error_time=optional_timestamp(health.last_error_time),
        last_error_class=health.last_error_class,
        defect=health.defect,
        open_until_time=optional_timestamp(health.open_until_time),
        sent_count=health.sent,
        failed_count=health.failed,
    )


def _to_field(field: ProviderField) -> pb.ProviderField:
    return pb.ProviderField(
        name=field.name,
        description=field.description,
        required=field.required,
        secret=field.secret,
        type=field.type,
        default_value=field.default,
    )
