"""Delivery channels and priorities; the numbers are those of the API and of the database."""

from __future__ import annotations

from enum import IntEnum


class Channel(IntEnum):
    """A way by which a notification reaches a person."""

    IN_APP = 1
    EMAIL = 2
    PUSH = 3
    SMS = 4
    WEBHOOK = 5
    CHAT = 6


class Platform(IntEnum):
    """Whose push service an endpoint's token belongs to; 0 on every other channel."""

    NONE = 0
    FCM = 1
    APNS = 2
    WEB_PUSH = 3


class Priority(IntEnum):
    """How urgent a notification is."""

    LOW = 1
    NORMAL = 2
    HIGH = 3
    URGENT = 4


DEFAULT_CHANNELS = (Channel.IN_APP, Channel.EMAIL)
