"""What must hold between the fields of messages about catalogs."""

from __future__ import annotations

import re
from collections.abc import Iterable

from carillon.v1 import catalog_service_pb2 as pb
from carillon.v1 import types_pb2
from carillon_server.domain.channel import Channel
from carillon_server.domain.template import MARKUP_PARTS, REQUIRED_PARTS
from carillon_server.transport.validation.rule import FINE, Rule, Violations, wrong

MAX_KEPT_DAYS = 3_660
MAX_STEP_DAYS = 30
_DAY_SECONDS = 86_400
_NANOS_PER_SECOND = 1_000_000_000
_LOCAL_TIME = re.compile("([01][0-9]|2[0-3]):[0-5][0-9]")


def local_time(value: str) -> Violations:
    """`HH:MM`."""
    return FINE if _LOCAL_TIME.fullmatch(value) else wrong("is not a time of day, such as 08:00")


def channels_are_unique(kind: pb.NotificationType) -> Violations:
    """Each channel has one default, and there is no sample without a schema."""
    return _unique("channels", (each.channel for each in kind.channels))


def digest_makes_sense(policy: pb.DigestPolicy) -> Violations:
    """Different channels that can carry a digest."""
    if types_pb2.CHANNEL_IN_APP in policy.channels:
        return wrong("has IN_APP, which needs no digest", "channels")
    if policy.local_time and policy.frequency == pb.DIGEST_FREQUENCY_HOURLY:
        return wrong("is not used with HOURLY", "local_time")
    if policy.weekday and policy.frequency != pb.DIGEST_FREQUENCY_WEEKLY:
        return wrong("is used with WEEKLY only", "weekday")
    return _unique("channels", policy.channels)


def weekdays_are_unique(policy: pb.SchedulePolicy) -> Violations:
    """Each day once."""
    return _unique("weekdays", policy.weekdays)


def step_leads_somewhere(step: pb.EscalationStep) -> Violations:
    """Channels or a topic, after 1 s to 30 days."""
    if not step.channels and not step.topic:
        return wrong("is required, unless `topic` is given", "channels")
    return _unique("channels", step.channels)


def span(*, max_days: int) -> Rule:
    """From 1 s to so many days."""
    violation = wrong(f"is not between 1 s and {max_days:,} days")

    def check(value: object) -> Violations:
        # A timedelta would take a few nanoseconds for none.
        seconds = value.ToNanoseconds() / _NANOS_PER_SECOND  # type: ignore[attr-defined]  # a Duration
        return FINE if 1 <= seconds <= max_days * _DAY_SECONDS else violation

    return check


def template_says_something(template: pb.Template) -> Violations:
    """It has the content of a channel, with what that requires."""
    field = template.WhichOneof("content")
    if field is None:
        return wrong("is required: in_app, email, push, sms, webhook or chat", "content")
    content = getattr(template, field)
    for part in REQUIRED_PARTS[Channel[field.upper()]]:
        if not getattr(content, part):
            return wrong("is required", f"{field}.{part}")
    return FINE


def mail_is_marked_up_once(template: pb.EmailTemplate) -> Violations:
    """At most one of html, mjml and markdown; a layout goes around one of them."""
    chosen = [name for name in ("html", "mjml", "markdown") if getattr(template, name)]
    if len(chosen) > 1:
        return wrong("must be the only one of html, mjml and markdown", chosen[1])
    if template.layout and not MARKUP_PARTS.intersection(chosen):
        return wrong("is used with html, mjml or markdown only", "layout")
    return FINE


def names_what_to_preview(request: pb.PreviewTemplateRequest) -> Violations:
    """A type; and a version together with one channel."""
    if not request.type and not request.template.type:
        return wrong("is required, unless `template` names it", "type")
    if request.type and request.template.type and request.type != request.template.type:
        return wrong("is not the type of `template`", "type")
    if request.version and len(set(request.channels)) != 1:
        return wrong("must be one with `version`", "channels")
    if request.version and request.HasField("template"):
        return wrong("is not used together with `template`", "version")
    return FINE


def _unique(name: str, keys: Iterable[object]) -> Violations:
    seen: set[object] = set()
    for index, key in enumerate(keys):
        if key in seen:
            return wrong("is there twice", f"{name}[{index}]")
        seen.add(key)
    return FINE
