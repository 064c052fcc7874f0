"""The limits that depend on when a call is made; asked of messages that keep all the others."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from google.protobuf.message import Message

from carillon.v1 import notification_service_pb2 as notifications
from carillon.v1 import preference_service_pb2 as preferences
from carillon_server.transport.instants import to_datetime
from carillon_server.transport.validation.rule import FINE, Violations, wrong

# A leap year, so that the same day of the next year can always be named.
MAX_SCHEDULE_AHEAD = timedelta(days=366)


def _send_times(request: notifications.SendRequest, now: datetime) -> Violations:
    """`deliver_time` within a year, `expire_time` ahead and after it."""
    earliest = now
    if request.HasField("deliver_time"):
        deliver_time = to_datetime(request.deliver_time)
        if deliver_time > now + MAX_SCHEDULE_AHEAD:
            return wrong("is more than one year ahead", "deliver_time")
        earliest = max(earliest, deliver_time)
    if request.HasField("expire_time") and to_datetime(request.expire_time) <= earliest:
        return wrong("is not ahead of now and of `deliver_time`", "expire_time")
    return FINE


def _mute_times(request: preferences.MuteRequest, now: datetime) -> Violations:
    if request.HasField("until_time") and to_datetime(request.until_time) <= now:
        return wrong("is not ahead of now", "until_time")
    return FINE


TIME_LIMITS: dict[type[Message], Callable[..., Violations]] = {
    notifications.SendRequest: _send_times,
    preferences.MuteRequest: _mute_times,
}
