"""What the calls of the catalog take: plain dictionaries, or the messages of `carillon.v1`; as in
`carillon.types`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Required, TypeAlias, TypedDict

from carillon.types import Action, Channel, Priority
from carillon.v1 import catalog_service_pb2 as pb

__all__ = [
    "CatalogBundle",
    "CatalogBundleLike",
    "CatalogSettings",
    "CatalogSettingsLike",
    "CatalogTopic",
    "ChannelDefault",
    "ChatTemplate",
    "DigestFrequency",
    "DigestPolicy",
    "EmailTemplate",
    "EscalationPolicy",
    "EscalationStep",
    "InAppTemplate",
    "Layout",
    "LayoutFormat",
    "LayoutLike",
    "NotificationType",
    "NotificationTypeLike",
    "PushTemplate",
    "Retention",
    "SchedulePolicy",
    "SmsTemplate",
    "Template",
    "TemplateLike",
    "UnknownTypes",
    "WebhookTemplate",
    "Weekday",
]

DigestFrequency: TypeAlias = str | int
LayoutFormat: TypeAlias = str | int
UnknownTypes: TypeAlias = str | int
Weekday: TypeAlias = str | int


class ChannelDefault(TypedDict, total=False):
    """A channel that a type is offered on."""

    channel: Required[Channel]
    enabled: bool


class Retention(TypedDict, total=False):
    """How long notifications of a type are kept."""

    archive_after: timedelta
    delete_after: timedelta


class DigestPolicy(TypedDict, total=False):
    """How deliveries of a type are to be collected."""

    frequency: Required[DigestFrequency]
    channels: Required[Sequence[Channel]]
    local_time: str
    weekday: Weekday
    max_items: int


class SchedulePolicy(TypedDict, total=False):
    """When notifications of a type are to be made by themselves."""

    local_time: Required[str]
    weekdays: Sequence[Weekday]
    topic: str


class EscalationStep(TypedDict, total=False):
    """What happens when nobody reacts to a notification."""

    after: Required[timedelta]
    channels: Sequence[Channel]
    topic: str


class EscalationPolicy(TypedDict):
    """How a notification climbs while nobody reacts."""

    steps: Sequence[EscalationStep]


class NotificationType(TypedDict, total=False):
    """A kind of thing that happens."""

    name: Required[str]
    display_name: str
    description: str
    category: str
    priority: Priority
    channels: Sequence[ChannelDefault]
    mandatory: bool
    retention: Retention
    collapse_rule: str
    thread_rule: str
    data_schema: Mapping[str, Any]
    sample_data: Mapping[str, Any]
    time_to_live: timedelta
    digest: DigestPolicy
    schedule: SchedulePolicy
    escalation: EscalationPolicy


class InAppTemplate(TypedDict, total=False):
    """How a notification reads in the inbox."""

    title: Required[str]
    body: str
    action_url: str
    icon: str
    image_url: str
    actions: Sequence[Action]


class EmailTemplate(TypedDict, total=False):
    """How a notification reads as a mail; at most one of `html`, `mjml` and `markdown`."""

    subject: Required[str]
    text: str
    html: str
    mjml: str
    markdown: str
    layout: str
    preheader: str


class PushTemplate(TypedDict, total=False):
    """How a notification reads as a push message."""

    title: Required[str]
    body: str
    action_url: str
    icon: str
    data: Mapping[str, str]


class SmsTemplate(TypedDict):
    """How a notification reads as a text message."""

    text: str


class WebhookTemplate(TypedDict):
    """What a webhook carries."""

    payload: str


class ChatTemplate(TypedDict, total=False):
    """How a notification reads in a chat."""

    title: str
    body: Required[str]
    action_url: str


class Template(TypedDict, total=False):
    """How a type reads in one language on one channel: exactly one of `in_app` … `chat`."""

    type: Required[str]
    locale: Required[str]
    in_app: InAppTemplate
    email: EmailTemplate
    push: PushTemplate
    sms: SmsTemplate
    webhook: WebhookTemplate
    chat: ChatTemplate


class Layout(TypedDict):
    """What goes around mails, or a piece that they include."""

    name: str
    format: LayoutFormat
    source: str


class CatalogSettings(TypedDict, total=False):
    """The tenant's settings for types and templates."""

    unknown_types: UnknownTypes
    default_locale: str
    default_time_zone: str


class CatalogTopic(TypedDict, total=False):
    """A topic in a bundle."""

    name: Required[str]
    display_name: str
    description: str


class CatalogBundle(TypedDict, total=False):
    """Types, templates and whatever belongs to them, as one thing."""

    name: Required[str]
    types: Sequence[NotificationTypeLike]
    templates: Sequence[TemplateLike]
    layouts: Sequence[LayoutLike]
    topics: Sequence[CatalogTopic]
    settings: CatalogSettingsLike


NotificationTypeLike: TypeAlias = NotificationType | pb.NotificationType
TemplateLike: TypeAlias = Template | pb.Template
LayoutLike: TypeAlias = Layout | pb.Layout
CatalogSettingsLike: TypeAlias = CatalogSettings | pb.CatalogSettings
CatalogBundleLike: TypeAlias = CatalogBundle | pb.CatalogBundle
