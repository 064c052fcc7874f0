"""People and where they can be reached."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from hashlib import blake2b
from typing import Any

from carillon_server.domain.channel import Channel, Platform
from carillon_server.domain.ids import ENDPOINT_ID_BYTES, encode_endpoint_id

MAX_ENDPOINTS = 50


class Verification(IntEnum):
    """Whether an address belongs to the person; the numbers are those of the API."""

    UNVERIFIED = 1
    """Nobody asked. It is used."""
    VERIFIED = 2
    FAILED = 3
    """It does not: nothing goes there."""


@dataclass(frozen=True, slots=True)
class Recipient:
    """A person, or a service, inside a tenant."""

    recipient_id: str
    locale: str
    time_zone: str
    attributes: Mapping[str, Any]
    create_time: datetime
    update_time: datetime


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One address on one channel."""

    channel: Channel
    address: str
    label: str = ""
    create_time: datetime | None = None
    platform: Platform = Platform.NONE
    """Of PUSH endpoints."""
    verification: Verification | None = None
    """None: not said, so a known one stays as it is and a new one is UNVERIFIED."""
    verify_time: datetime | None = None
    """When that was last said."""

    @property
    def raw_id(self) -> bytes:
        return derive_endpoint_id(self.channel, self.address)

    @property
    def id(self) -> str:
        return encode_endpoint_id(self.raw_id)


@dataclass(frozen=True, slots=True)
class RecipientPatch:
    """What to change of a recipient; None leaves a field as it is."""

    recipient_id: str
    locale: str | None = None
    time_zone: str | None = None
    attributes: Mapping[str, Any] | None = None
    endpoints: tuple[Endpoint, ...] = ()


def derive_endpoint_id(channel: Channel, address: str) -> bytes:
    """The same channel and address give the same id, so adding twice is idempotent; the first byte is the
    channel.
    """
    digest = blake2b(address.encode(), digest_size=ENDPOINT_ID_BYTES - 1, person=b"carillon-endpt")
    return bytes([channel]) + digest.digest()
