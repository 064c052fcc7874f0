"""Notifications: what is sent, and what is kept.

The content is serialized once, when it is sent, and never parsed again on its way to a screen: `payload` is
opaque to everything but
the codec that wrote it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from enum import IntEnum
from typing import Any, NamedTuple

from carillon_server.domain.attachment import AttachmentReference
from carillon_server.domain.channel import Channel, Priority
from carillon_server.domain.delivery_settings import Fallback
from carillon_server.domain.ids import NotificationId
from carillon_server.domain.inbox import Counts, InboxState
from carillon_server.domain.recipient import RecipientPatch
from carillon_server.domain.value import dataclass


class Stage(IntEnum):
    """Where a notification stands in its inbox."""

    SCHEDULED = 0
    """Waits for its time; invisible."""
    VISIBLE = 1
    """In the inbox, or in its archive."""
    HIDDEN = 2
    """Not for the inbox: only other channels, or none."""
    REMOVED = 3
    """A tombstone: content erased, kept so that resuming readers learn of it."""


@dataclass(frozen=True, slots=True)
class Action:
    """A button that a person can press."""

    id: str
    label: str
    url: str


@dataclass(frozen=True, slots=True)
class Content:
    """What a person sees."""

    title: str
    body: str
    action_url: str
    icon: str
    image_url: str
    actions: tuple[Action, ...] = ()


@dataclass(frozen=True, slots=True)
class Draft:
    """One notification to send, validated and serialized, not yet addressed."""

    recipient_ids: tuple[str, ...]
    """Distinct, in the caller's order."""
    type: str
    payload: bytes
    request_id: str = ""
    """Empty: not idempotent."""
    request_hash: bytes = b""
    category: str = ""
    priority: Priority = Priority.NORMAL
    channels: tuple[Channel, ...] = ()
    """Empty: the defaults."""
    thread_key: str = ""
    collapse_key: str = ""
    actor_id: str = ""
    labels: Mapping[str, str] | None = None
    deliver_time: datetime | None = None
    expire_time: datetime | None = None
    dry_run: bool = False
    fallbacks: tuple[Fallback, ...] = ()
    """Empty: those of the tenant."""
    has_content: bool = True
    """False: the payload has none yet, templates tell."""
    has_priority: bool = True
    """False: nobody has chosen one yet."""
    is_trial: bool = False
    """An operator tries it out: what the recipient switched off or muted does not hold."""
    locale: str = ""
    """Of a trial: read in this one, whatever the recipient's."""
    attachments: tuple[AttachmentReference, ...] = ()
    """Their contents are stored already."""
    profiles: tuple[RecipientPatch, ...] = ()
    """What a dry run would have stored of its recipients."""


@dataclass(frozen=True, slots=True)
class SentNotification:
    """What a provider may be told of a notification: all that was sent, as plain values."""

    type: str
    category: str
    priority: Priority
    content: Content
    thread_key: str = ""
    collapse_key: str = ""
    actor_id: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    data: Mapping[str, Any] = field(default_factory=dict)
    expire_time: datetime | None = None


@dataclass(frozen=True, slots=True)
class StoredNotification:
    """One row of an inbox."""

    inbox_id: bytes
    seq: int
    """Version at creation; with `inbox_id` the primary key."""
    change_version: int
    """Version of the last change."""
    position: int
    """Version at which it became visible: its place in the list. 0: never."""
    stage: Stage
    recipient_id: str
    type: str
    category: str
    priority: Priority
    thread_key: str
    labels: Mapping[str, str]
    payload: bytes
    create_time: datetime
    deliver_time: datetime
    expire_time: datetime | None
    read_time: datetime | None
    seen_time: datetime | None
    archive_time: datetime | None
    pin_time: datetime | None
    action_id: str
    action_time: datetime | None

    @property
    def id(self) -> NotificationId:
        return NotificationId(self.inbox_id, self.seq)

    @property
    def counts(self) -> Counts:
        """What this notification adds to the counters of its inbox."""
        if self.stage is not Stage.VISIBLE:
            return Counts()
        if self.archive_time is not None:
            return Counts(archived=1)
        return Counts(total=1, unread=int(self.read_time is None), unseen=int(self.seen_time is None))


class ShownNotification(NamedTuple):
    """One row of a page: what is shown of a notification."""

    inbox_id: bytes
    seq: int
    position: int
    payload: bytes
    create_time: datetime
    deliver_time: datetime
    read_time: datetime | None
    seen_time: datetime | None
    archive_time: datetime | None
    pin_time: datetime | None
    action_id: str | None
    action_time: datetime | None

    @property
    def id(self) -> NotificationId:
        return NotificationId(self.inbox_id, self.seq)


def tombstone(
    inbox_id: bytes, seq: int, version: int, recipient_id: str, now: datetime
) -> StoredNotification:
    """What is left of a removed notification."""
    return StoredNotification(
        inbox_id=inbox_id,
        seq=seq,
        change_version=version,
        position=seq,
        stage=Stage.REMOVED,
        recipient_id=recipient_id,
        type="",
        category="",
        priority=Priority.NORMAL,
        thread_key="",
        labels={},
        payload=b"",
        create_time=now,
        deliver_time=now,
        expire_time=None,
        read_time=None,
        seen_time=None,
        archive_time=None,
        pin_time=None,
        action_id="",
        action_time=None,
    )


class ChangeKind(IntEnum):
    """What a change is to a reader."""

    CREATED = 1
    CHANGED = 2
    REMOVED = 3
    NOTHING = 4
    """Versions were taken, but there is nothing to show."""


@dataclass(frozen=True, slots=True)
class InboxChange:
    """One committed change of one inbox, covering the versions `first_version` … `state.version` without a
    gap.
    """

    inbox_id: bytes
    first_version: int
    state: InboxState
    """The inbox right after it."""
    kind: ChangeKind
    notifications: tuple[StoredNotification, ...] = ()
    """In the order of their change; empty where there were too many to carry: readers fetch them."""
    commit_time: datetime | None = None
    complete: bool = True
    """False: `notifications` were left out, readers must fetch."""
