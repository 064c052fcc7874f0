"""The policies of a type: kept in the words of the API, in lower case, so that they read like the files.

`{"frequency": "daily", "channels": ["email"], "local_time": "08:00", "weekday": "monday"}`
`{"local_time": "08:00", "weekdays": ["monday"], "topic": "briefings"}`
`{"steps": [{"after_seconds": 1800.0, "channels": ["sms"], "topic": "oncall"}]}`
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from carillon.v1 import catalog_service_pb2 as pb
from carillon_server.domain.channel import Channel
from carillon_server.transport.convert.spans import to_duration, to_seconds

_FREQUENCY, _WEEKDAY = "DIGEST_FREQUENCY_", "WEEKDAY_"


def to_digest(message: pb.DigestPolicy) -> dict[str, Any]:
    """What is not set is left out."""
    return _without_empty(
        frequency=pb.DigestFrequency.Name(message.frequency).removeprefix(_FREQUENCY).lower(),
        channels=_channel_names(message.channels),
        local_time=message.local_time,
        weekday=_weekday_name(message.weekday) if message.weekday else "",
        max_items=message.max_items,
    )


def to_schedule(message: pb.SchedulePolicy) -> dict[str, Any]:
    """What is not set is left out."""
    return _without_empty(
        local_time=message.local_time,
        weekdays=[_weekday_name(day) for day in message.weekdays],
        topic=message.topic,
    )


def to_escalation(message: pb.EscalationPolicy) -> dict[str, Any]:
    """What is not set is left out."""
    steps = [
        _without_empty(
            after_seconds=to_seconds(step.after), channels=_channel_names(step.channels), topic=step.topic
        )
        for step in message.steps
    ]
    return {"steps": steps}


def to_digest_message(policy: Mapping[str, Any]) -> pb.DigestPolicy:
    """The inverse of `to_digest`."""
    return pb.DigestPolicy(
        frequency=pb.DigestFrequency.Value(_FREQUENCY + policy["frequency"].upper()),
        channels=_channels(policy),
        local_time=policy.get("local_time", ""),
        weekday=_weekday(policy["weekday"]) if "weekday" in policy else pb.WEEKDAY_UNSPECIFIED,
        max_items=policy.get("max_items", 0),
    )


def to_schedule_message(policy: Mapping[str, Any]) -> pb.SchedulePolicy:
    """The inverse of `to_schedule`."""
    return pb.SchedulePolicy(
        local_time=policy.get("local_time", ""),
        weekdays=[_weekday(name) for name in policy.get("weekdays", ())],
        topic=policy.get("topic", ""),
    )


def to_escalation_message(policy: Mapping[str, Any]) -> pb.EscalationPolicy:
    """The inverse of `to_escalation`."""
    return pb.EscalationPolicy(
        steps=[
            pb.EscalationStep(
                after=to_duration(step["after_seconds"]),
                channels=_channels(step),
                topic=step.get("topic", ""),
            )
            for step in policy["steps"]
        ]
    )


def _channel_names(numbers: Iterable[int]) -> list[str]:
    return [Channel(number).name.lower() for number in numbers]


def _channels(policy: Mapping[str, Any]) -> list[Any]:
    return [Channel[name.upper()].value for name in policy.get("channels", ())]


def _weekday_name(number: pb.Weekday.ValueType) -> str:
    return pb.Weekday.Name(number).removeprefix(_WEEKDAY).lower()


def _weekday(name: str) -> pb.Weekday.ValueType:
    return pb.Weekday.Value(_WEEKDAY + name.upper())


def _without_empty(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value}
