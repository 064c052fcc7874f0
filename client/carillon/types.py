"""What the calls take: plain dictionaries, checked by type checkers, or the messages of `carillon.v1`.

Fields mean the same as those of the message of the same name. Enum values are strings without their prefix
(`"EMAIL"`, `"HIGH"`) or the numbers of the protos; instants are `datetime` with a time zone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Required, TypeAlias, TypedDict

from carillon._delivery_types import Branding, DeliveryFilter, Provider, SmsLimits
from carillon._enum_values import (
    Channel,
    DeliveryState,
    Priority,
    PushPlatform,
    StatsBucket,
    StatsDimension,
    VerificationState,
)
from carillon.v1 import (
    delivery_service_pb2,
    notification_service_pb2,
    preference_service_pb2,
    recipient_service_pb2,
    types_pb2,
)

__all__ = [
    "Action",
    "Attachment",
    "AttachmentLike",
    "Branding",
    "Channel",
    "ChannelSwitch",
    "Content",
    "ContentLike",
    "DeliveryFilter",
    "DeliveryFilterLike",
    "DeliverySettings",
    "DeliverySettingsLike",
    "DeliveryState",
    "Endpoint",
    "EndpointLike",
    "Fallback",
    "FallbackLike",
    "Filter",
    "FilterLike",
    "Label",
    "MuteTarget",
    "MuteTargetLike",
    "PreferenceRule",
    "Preferences",
    "PreferencesLike",
    "Priority",
    "Provider",
    "ProviderLike",
    "PushPlatform",
    "Recipient",
    "RecipientLike",
    "RecipientProfile",
    "RecipientProfileLike",
    "Send",
    "SendLike",
    "SmsLimits",
    "StatsBucket",
    "StatsDimension",
    "Topic",
    "TopicLike",
    "TopicMember",
    "TopicMemberLike",
    "UpsertRecipient",
    "UpsertRecipientLike",
    "VerificationState",
]


class Action(TypedDict, total=False):
    """A button on a notification."""

    id: Required[str]
    label: Required[str]
    url: str


class Content(TypedDict, total=False):
    """What a person sees of a notification."""

    title: Required[str]
    body: str
    action_url: str
    icon: str
    image_url: str
    actions: Sequence[Action | types_pb2.Action]


class Filter(TypedDict, total=False):
    """Which notifications of an inbox."""

    unread: bool
    archived: bool
    types: Sequence[str]
    category: str
    labels: Mapping[str, str]
    thread_key: str
    start_time: datetime
    end_time: datetime


class RecipientProfile(TypedDict, total=False):
    """A recipient of a send together with what is known of them."""

    recipient_id: Required[str]
    locale: str
    time_zone: str
    email: str
    attributes: Mapping[str, Any]
    phone: str


class Fallback(TypedDict, total=False):
    """Channels to try one after the other."""

    channels: Required[Sequence[Channel]]
    after: timedelta


class Attachment(TypedDict, total=False):
    """A file that goes with a mail; with a `content_id`, a picture inside it."""

    filename: Required[str]
    content_type: Required[str]
    content: Required[bytes]
    content_id: str


class Send(TypedDict, total=False):
    """One send of a batch or a stream."""

    request_id: str
    recipient_ids: Sequence[str]
    recipients: Sequence[RecipientProfileLike]
    type: Required[str]
    data: Mapping[str, Any]
    content: ContentLike
    channels: Sequence[Channel]
    priority: Priority
    category: str
    thread_key: str
    collapse_key: str
    actor_id: str
    labels: Mapping[str, str]
    deliver_time: datetime
    expire_time: datetime
    dry_run: bool
    fallbacks: Sequence[FallbackLike]
    attachments: Sequence[AttachmentLike]
    topic: str
    everyone: bool


class ChannelSwitch(TypedDict):
    """A switch for a whole channel."""

    channel: Channel
    enabled: bool


class PreferenceRule(TypedDict):
    """A rule for one type on one channel."""

    type: str
    channel: Channel
    enabled: bool


class Label(TypedDict):
    """One label."""

    key: str
    value: str


class MuteTarget(TypedDict, total=False):
    """What is muted: exactly one of these."""

    sender: str
    thread_key: str
    label: Label
    type: str


class Preferences(TypedDict, total=False):
    """What a recipient wants."""

    channels: Sequence[ChannelSwitch]
    rules: Sequence[PreferenceRule]


class Recipient(TypedDict, total=False):
    """A person, or a service, inside a tenant."""

    recipient_id: str
    locale: str
    time_zone: str
    attributes: Mapping[str, Any]


class Endpoint(TypedDict, total=False):
    """One address on one channel."""

    channel: Required[Channel]
    address: Required[str]
    label: str
    platform: PushPlatform
    verification: VerificationState


class UpsertRecipient(TypedDict, total=False):
    """One recipient of a batch, with endpoints to add."""

    recipient: Required[RecipientLike]
    update_mask: Sequence[str]
    endpoints: Sequence[EndpointLike]


class Topic(TypedDict, total=False):
    """A named audience."""

    name: Required[str]
    display_name: str
    description: str


class TopicMember(TypedDict, total=False):
    """One member of a topic; with a `condition`, only where it holds for the `data` of a send."""

    recipient_id: Required[str]
    condition: str


class DeliverySettings(TypedDict, total=False):
    """What a tenant decided about its deliveries as a whole."""

    sandbox: bool
    branding: Branding
    sms: SmsLimits
    fallbacks: Sequence[FallbackLike]


AttachmentLike: TypeAlias = Attachment | notification_service_pb2.Attachment
ContentLike: TypeAlias = Content | types_pb2.Content
FallbackLike: TypeAlias = Fallback | types_pb2.Fallback
FilterLike: TypeAlias = Filter | types_pb2.Filter
RecipientProfileLike: TypeAlias = RecipientProfile | notification_service_pb2.RecipientProfile
SendLike: TypeAlias = Send | notification_service_pb2.SendRequest
PreferencesLike: TypeAlias = Preferences | preference_service_pb2.Preferences
MuteTargetLike: TypeAlias = MuteTarget | preference_service_pb2.MuteTarget
RecipientLike: TypeAlias = Recipient | recipient_service_pb2.Recipient
UpsertRecipientLike: TypeAlias = UpsertRecipient | recipient_service_pb2.UpsertRecipientRequest
EndpointLike: TypeAlias = Endpoint | recipient_service_pb2.Endpoint
TopicLike: TypeAlias = Topic | recipient_service_pb2.Topic
TopicMemberLike: TypeAlias = TopicMember | recipient_service_pb2.TopicMember
DeliveryFilterLike: TypeAlias = DeliveryFilter | delivery_service_pb2.DeliveryFilter
ProviderLike: TypeAlias = Provider | delivery_service_pb2.Provider
DeliverySettingsLike: TypeAlias = DeliverySettings | delivery_service_pb2.DeliverySettings
