"""The enums of the API as people type and read them: lower case, without their prefix."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from carillon_server.domain.identity import Role

if TYPE_CHECKING:
    from google.protobuf.descriptor import EnumDescriptor


class RoleName(StrEnum):
    """What credentials allow."""

    PRODUCER = "producer"
    USER = "user"
    GATEWAY = "gateway"
    OPERATOR = "operator"


class ProtoEnum(Protocol):
    """A generated enum."""

    @property
    def DESCRIPTOR(self) -> EnumDescriptor: ...  # noqa: N802 - protobuf's name


class PriorityName(StrEnum):
    """The priorities."""

    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"
    URGENT = "urgent"


class ChannelName(StrEnum):
    """The channels."""

    IN_APP = "in_app"
    EMAIL = "email"
    PUSH = "push"
    SMS = "sms"
    WEBHOOK = "webhook"
    CHAT = "chat"


class PlatformName(StrEnum):
    """The push services."""

    FCM = "fcm"
    APNS = "apns"
    WEB_PUSH = "web_push"


def readable(enum: ProtoEnum, number: int) -> str:
    """The name of a value; the number itself where a newer service sent one that is not known here."""
    value = enum.DESCRIPTOR.values_by_number.get(number)
    if value is None:
        return str(number)
    prefix = enum.DESCRIPTOR.values[0].name.removesuffix("UNSPECIFIED")
    return value.name.removeprefix(prefix).lower()


def roles_named(names: Iterable[RoleName]) -> frozenset[Role]:
    """The roles of the domain."""
    return frozenset(Role[name.name] for name in names)
