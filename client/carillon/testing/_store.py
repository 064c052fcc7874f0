"""Everything the fake holds: one tenant."""

from __future__ import annotations

import asyncio
import uuid
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from carillon.testing._catalog_store import Catalog
from carillon.testing._entry import Entry, now_utc, to_timestamp
from carillon.testing._inbox import Inbox
from carillon.testing._push import canonical_address, tell_platform
from carillon.testing._refusal import Refusal
from carillon.testing._token import Sealer
from carillon.v1.delivery_service_pb2 import Branding, DeliverySettings, DeliveryStory, Provider, SmsLimits
from carillon.v1.notification_service_pb2 import Broadcast, SendRequest, SendResponse
from carillon.v1.preference_service_pb2 import Preferences
from carillon.v1.recipient_service_pb2 import (
    VERIFICATION_STATE_UNVERIFIED,
    Endpoint,
    Recipient,
    Topic,
    TopicMember,
)
from carillon.v1.types_pb2 import CHANNEL_PUSH, PUSH_PLATFORM_UNSPECIFIED, PushPlatform


@dataclass(slots=True, eq=False)
class Listener:
    """One live stream: the bell that wakes it, and what it is told to do."""

    bell: asyncio.Event = field(default_factory=asyncio.Event)
    reconnect_delay: timedelta | None = None
    """The stream is to say so and end."""
    cut: bool = False
    """The stream is to break."""


@dataclass(slots=True)
class Profile:
    """A recipient and where they can be reached."""

    recipient: Recipient
    endpoints: dict[str, Endpoint] = field(default_factory=dict)

    @property
    def reachable(self) -> set[int]:
        return {endpoint.channel for endpoint in self.endpoints.values()}


@dataclass(slots=True)
class Audience:
    """A topic with its members by id."""

    topic: Topic
    members: dict[str, TopicMember] = field(default_factory=dict)


@dataclass(slots=True)
class Begun:
    """A broadcast, and the notifications that it makes."""

    broadcast: Broadcast
    request_id: str
    due_time: datetime
    notification_ids: list[str]


class Store:
    """Recipients by id, and what belongs to them."""

    def __init__(self) -> None:
        self.sealer = Sealer()
        self.catalog = Catalog()
        self.profiles: dict[str, Profile] = {}
        self.preferences: dict[str, Preferences] = {}
        self.requests: dict[tuple[str, str], tuple[bytes, SendResponse]] = {}
        """By sender and `request_id`: the request and its answer."""
        self.audiences: dict[str, Audience] = {}
        self.broadcasts: dict[str, Begun] = {}
        self.sent: list[SendRequest] = []
        self.deliveries: dict[str, DeliveryStory] = {}
        self.providers: dict[str, Provider] = {}
        self.delivery_settings = DeliverySettings(branding=Branding(), sms=SmsLimits(max_segments=6))
        self._inboxes: dict[str, Inbox] = {}
        self._listeners: defaultdict[str, set[Listener]] = defaultdict(set)

    def inbox(self, recipient_id: str) -> Inbox:
        """As it stands now; an empty one for a recipient without."""
        inbox = self._inboxes.get(recipient_id)
        if inbox is None:
            inbox = Inbox(recipient_id, lambda: self.ring(recipient_id))
            self._inboxes[recipient_id] = inbox
        inbox.settle()
        return inbox

    def inboxes(self) -> list[Inbox]:
        """All that there are."""
        return [self.inbox(recipient_id) for recipient_id in list(self._inboxes)]

    def profile(self, recipient_id: str) -> Profile:
        """The recipient, which comes into being."""
        profile = self.profiles.get(recipient_id)
        if profile is None:
            now = to_timestamp(now_utc())
            recipient = Recipient(recipient_id=recipient_id, create_time=now, update_time=now)
            profile = self.profiles[recipient_id] = Profile(recipient)
        return profile

    def known_profile(self, recipient_id: str) -> Profile:
        """The recipient, which must exist."""
        if recipient_id not in self.profiles:
            raise Refusal("RECIPIENT_NOT_FOUND")
        return self.profiles[recipient_id]

    def put_endpoint(self, recipient_id: str, endpoint: Endpoint, *, believed: bool) -> Endpoint:
        """Adds one, or changes one with the same channel and address. `believed`: the caller may say
        whether it was verified.
        """
        endpoints = self.profile(recipient_id).endpoints
        address, platform = _read_address(endpoint)
        for known in endpoints.values():
            if (known.channel, known.address) == (endpoint.channel, address):
                known.label, known.platform = endpoint.label or known.label, platform
                return _verified(known, endpoint, believed=believed)
        added = Endpoint(id=f"ept_{uuid.uuid4().hex}", create_time=to_timestamp(now_utc()))
        added.channel, added.address, added.label = endpoint.channel, address, endpoint.label
        added.platform, added.verification = platform, VERIFICATION_STATE_UNVERIFIED
        endpoints[added.id] = added
        return _verified(added, endpoint, believed=believed)

    def erase(self, recipient_id: str) -> None:
        """Forgets a recipient and everything of theirs."""
        self.profiles.pop(recipient_id, None)
        self.preferences.pop(recipient_id, None)
        for audience in self.audiences.values():
            audience.members.pop(recipient_id, None)
        self._inboxes.pop(recipient_id, None)
        for id, story in list(self.deliveries.items()):
            if story.delivery.recipient_id == recipient_id:
                del self.deliveries[id]
        self.ring(recipient_id)

    def entries(self) -> Iterator[tuple[Inbox, Entry]]:
        """All notifications of all inboxes."""
        for inbox in self.inboxes():
            yield from [(inbox, entry) for entry in inbox.entries.values()]

    def cursor(self, inbox: Inbox, version: int | None = None) -> str:
        """A place in an inbox; without a version, its end."""
        at = inbox.version if version is None else version
        return self.sealer.seal("cursor", inbox.recipient_id, inbox.epoch, at)

    def open_cursor(self, recipient_id: str, cursor: str) -> tuple[int, int]:
        """Epoch and version of a cursor of this inbox."""
        kind, owner, *place = self.sealer.open(cursor, "CURSOR_INVALID")
        if kind != "cursor" or owner != recipient_id:
            raise Refusal("CURSOR_INVALID")
        epoch, version = place
        return int(epoch), int(version)

    @contextmanager
    def listening(self, recipient_id: str) -> Iterator[Listener]:
        """A place among the live streams of an inbox."""
        listener = Listener()
        self._listeners[recipient_id].add(listener)
        try:
            yield listener
        finally:
            self._listeners[recipient_id].discard(listener)

    def listeners(self) -> list[Listener]:
        """All live streams."""
        return [listener for group in self._listeners.values() for listener in group]

    def ring(self, recipient_id: str) -> None:
        """Wakes the live streams of an inbox."""
        for listener in self._listeners[recipient_id]:
            listener.bell.set()


def _verified(held: Endpoint, said: Endpoint, *, believed: bool) -> Endpoint:
    if believed and said.verification:
        held.verification = said.verification
        held.verify_time.CopyFrom(to_timestamp(now_utc()))
    return held


def _read_address(endpoint: Endpoint) -> tuple[str, PushPlatform.ValueType]:
    """The one spelling of an address that was checked, and whose it is."""
    if endpoint.channel != CHANNEL_PUSH:
        return endpoint.address, PUSH_PLATFORM_UNSPECIFIED
    platform = endpoint.platform or tell_platform(endpoint.address)
    return canonical_address(platform, endpoint.address) or endpoint.address, platform
