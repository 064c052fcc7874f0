"""Types."""

from __future__ import annotations

from google.protobuf.duration_pb2 import Duration

from carillon.v1 import catalog_service_pb2 as pb
from carillon.v1 import types_pb2
from carillon_server.domain.channel import Channel, Priority
from carillon_server.domain.notification_type import NotificationType, Retention
from carillon_server.transport.convert.spans import to_duration, to_seconds
from carillon_server.transport.convert.type_policies import (
    to_digest,
    to_digest_message,
    to_escalation,
    to_escalation_message,
    to_schedule,
    to_schedule_message,
)
from carillon_server.transport.convert.values import to_plain, to_struct
from carillon_server.transport.instants import set_timestamp


def to_type(message: pb.NotificationType) -> NotificationType:
    """A type to store."""
    return NotificationType(
        name=message.name,
        display_name=message.display_name,
        description=message.description,
        category=message.category,
        priority=Priority(message.priority or types_pb2.PRIORITY_NORMAL),
        channels={Channel(each.channel): each.enabled for each in message.channels},
        mandatory=message.mandatory,
        retention=_to_retention(message.retention),
        collapse_rule=message.collapse_rule,
        thread_rule=message.thread_rule,
        data_schema=to_plain(message.data_schema),
        sample_data=to_plain(message.sample_data),
        time_to_live_seconds=_optional_seconds(message.time_to_live),
        digest=to_digest(message.digest) if message.HasField("digest") else {},
        schedule=to_schedule(message.schedule) if message.HasField("schedule") else {},
        escalation=to_escalation(message.escalation) if message.HasField("escalation") else {},
    )


def to_type_message(kind: NotificationType) -> pb.NotificationType:
    """A type as callers see it."""
    message = pb.NotificationType(
        name=kind.name,
        display_name=kind.display_name,
        description=kind.description,
        category=kind.category,
        priority=types_pb2.Priority.ValueType(kind.priority),
        channels=[
            pb.ChannelDefault(channel=types_pb2.Channel.ValueType(channel), enabled=enabled)
            for channel, enabled in kind.channels.items()
        ],
        mandatory=kind.mandatory,
        collapse_rule=kind.collapse_rule,
        thread_rule=kind.thread_rule,
        catalog=kind.catalog,
    )
    _set_values(message, kind)
    _set_spans(message, kind)
    _set_policies(message, kind)
    return message


def _set_values(message: pb.NotificationType, kind: NotificationType) -> None:
    if kind.data_schema:
        message.data_schema.CopyFrom(to_struct(dict(kind.data_schema)))
    if kind.sample_data:
        message.sample_data.CopyFrom(to_struct(dict(kind.sample_data)))
    if kind.create_time is not None:
        set_timestamp(message.create_time, kind.create_time)
    if kind.update_time is not None:
        set_timestamp(message.update_time, kind.update_time)


def _set_spans(message: pb.NotificationType, kind: NotificationType) -> None:
    if kind.time_to_live_seconds is not None:
        message.time_to_live.CopyFrom(to_duration(kind.time_to_live_seconds))
    if kind.retention.archive_after_seconds is not None:
        message.retention.archive_after.CopyFrom(to_duration(kind.retention.archive_after_seconds))
    if kind.retention.delete_after_seconds is not None:
        message.retention.delete_after.CopyFrom(to_duration(kind.retention.delete_after_seconds))


def _set_policies(message: pb.NotificationType, kind: NotificationType) -> None:
    if kind.digest:
        message.digest.CopyFrom(to_digest_message(kind.digest))
    if kind.schedule:
        message.schedule.CopyFrom(to_schedule_message(kind.schedule))
    if kind.escalation:
        message.escalation.CopyFrom(to_escalation_message(kind.escalation))


def _to_retention(message: pb.Retention) -> Retention:
    return Retention(_optional_seconds(message.archive_after), _optional_seconds(message.delete_after))


def _optional_seconds(duration: Duration) -> float | None:
    """Nothing lasts for 0 s: that is a duration that is not set."""
    return to_seconds(duration) or None
