"""What a batch of sends writes: pure planning between the statement that locks the inboxes and the one that
writes.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from carillon_server.domain.channel import Channel
from carillon_server.domain.decide import Decision, Subject, Verdict, decide
from carillon_server.domain.ids import NotificationId
from carillon_server.domain.inbox import Counts, InboxAddress, InboxState
from carillon_server.domain.notification import (
    ChangeKind,
    Draft,
    InboxChange,
    Stage,
    StoredNotification,
    tombstone,
)
from carillon_server.domain.send import RecipientResult, SendOutcome, dump_outcome
from carillon_server.storage.inboxes import CounterKey, OpenInbox
from carillon_server.storage.removals import Removal
from carillon_server.storage.sends import (
    BatchRows,
    Collapsed,
    DeliveryRow,
    NotificationRow,
    RequestKey,
    RequestRow,
)


@dataclass(frozen=True, slots=True)
class PlannedSend:
    """One send of the batch, with who sends it and under which trace."""

    tenant: str
    sender: str
    draft: Draft
    addresses: tuple[InboxAddress, ...]
    request_trace: str = ""

    @property
    def key(self) -> RequestKey | None:
        """None: not idempotent."""
        return (self.tenant, self.sender, self.draft.request_id) if self.draft.request_id else None

    @property
    def collapse_keys(self) -> list[tuple[bytes, str]]:
        key = self.draft.collapse_key
        return [(address.inbox_id, key) for address in self.addresses] if key else []


@dataclass(slots=True)
class Plan:
    """What is to be written, told and answered."""

    rows: BatchRows
    removals: list[Removal] = field(default_factory=list)
    changes: list[InboxChange] = field(default_factory=list)
    outcomes: list[SendOutcome] = field(default_factory=list)


class Planner:
    """Plans sends one after the other, as if each had its own transaction."""

    def __init__(
        self,
        inboxes: Mapping[bytes, OpenInbox],
        collapsed: Sequence[Collapsed],
        configured: Collection[Channel],
        now: datetime,
    ) -> None:
        self._inboxes = inboxes
        self._states = {inbox_id: inbox.state for inbox_id, inbox in inboxes.items()}
        self._touched: dict[bytes, InboxState] = {}
        self._configured = configured
        self._now = now
        self._collapsed: dict[tuple[bytes, str], list[Collapsed]] = {}
        for item in collapsed:
            self._collapsed.setdefault((item.inbox_id, item.collapse_key), []).append(item)
        self._counters: list[tuple[CounterKey, Counts]] = []
        self._notifications: list[NotificationRow] = []
        self._deliveries: list[DeliveryRow] = []
        self._plan = Plan(BatchRows(now, {}, [], [], [], [], []))

    def plan(self, sends: Sequence[PlannedSend]) -> Plan:
        """All of them, in order."""
        self._plan.outcomes = [self._send(number, send) for number, send in enumerate(sends)]
        requests = [
            RequestRow(send.key, send.draft.request_hash, dump_outcome(outcome))
            for send, outcome in zip(sends, self._plan.outcomes, strict=True)
            if send.key
        ]
        drafts = [(send.sender, send.draft) for send in sends]
        self._plan.rows = BatchRows(
            self._now, self._touched, self._counters, self._notifications, drafts, self._deliveries, requests
        )
        return self._plan

    def _send(self, number: int, send: PlannedSend) -> SendOutcome:
        subject = subject_of(send.draft, self._now)
        return SendOutcome(tuple(self._address(number, send, subject, address) for address in send.addresses))

    def _address(
        self, number: int, send: PlannedSend, subject: Subject, address: InboxAddress
    ) -> RecipientResult:
        inbox = self._inboxes[address.inbox_id]
        decisions = tuple(decide_for(subject, address.recipient_id, inbox, self._configured, self._now))
        if subject.actor_id == address.recipient_id:
            return RecipientResult(address.recipient_id, None, decisions)
        stage = stage_of(decisions)
        if stage is Stage.VISIBLE and send.draft.collapse_key:
            self._collapse(address.inbox_id, send.draft.collapse_key)
        seq = self._create(number, send.draft, address, stage, decisions)
        if stage is not Stage.SCHEDULED:
            self._queue(address.inbox_id, seq, decisions, inbox.endpoints, send.request_trace)
        return RecipientResult(address.recipient_id, NotificationId(address.inbox_id, seq), decisions)

    def _collapse(self, inbox_id: bytes, collapse_key: str) -> None:
        for old in self._collapsed.pop((inbox_id, collapse_key), ()):
            version = self._advance(inbox_id, Counts() - old.counts)
            self._counters.append((old.counter_key, Counts() - old.counts))
            self._plan.removals.append(Removal(inbox_id, old.seq, version))
            gone = tombstone(inbox_id, old.seq, version, self._inboxes[inbox_id].recipient_id, self._now)
            self._tell(inbox_id, version, ChangeKind.REMOVED, (gone,))

    def _create(
        self, number: int, draft: Draft, address: InboxAddress, stage: Stage, decisions: Sequence[Decision]
    ) -> int:
        visible = stage is Stage.VISIBLE
        counts = Counts(total=1, unread=1, unseen=1) if visible else Counts()
        seq = self._advance(address.inbox_id, counts)
        self._notifications.append(
            NotificationRow(address.inbox_id, seq, stage, number, dump_decisions(decisions))
        )
        if visible:
            key = (address.inbox_id, draft.type, draft.category, int(draft.priority))
            self._counters.append((key, counts))
        stored = (stored_notification(draft, address, seq, stage, self._now),) if visible else ()
        self._tell(address.inbox_id, seq, ChangeKind.CREATED if visible else ChangeKind.NOTHING, stored)
        return seq

    def _queue(
        self,
        inbox_id: bytes,
        seq: int,
        decisions: Sequence[Decision],
        endpoints: Sequence[bytes],
        request_trace: str,
    ) -> None:
        targets = endpoints_to_send(decisions, endpoints)
        self._deliveries.extend(
            DeliveryRow(inbox_id, seq, ordinal, endpoint, request_trace)
            for ordinal, endpoint in enumerate(targets)
        )

    def _advance(self, inbox_id: bytes, delta: Counts) -> int:
        state = self._states[inbox_id]
        state = replace(state, version=state.version + 1, counts=state.counts + delta)
        self._states[inbox_id] = self._touched[inbox_id] = state
        return state.version

    def _tell(
        self, inbox_id: bytes, version: int, kind: ChangeKind, notifications: tuple[StoredNotification, ...]
    ) -> None:
        state = self._states[inbox_id]
        self._plan.changes.append(InboxChange(inbox_id, version, state, kind, notifications, self._now))


def subject_of(draft: Draft, now: datetime) -> Subject:
    """What decisions look at; a time that has passed is no schedule."""
    later = draft.deliver_time if draft.deliver_time and draft.deliver_time > now else None
    return Subject(
        draft.type, draft.actor_id, draft.thread_key, draft.labels or {}, draft.channels, deliver_time=later
    )


def decide_for(
    subject: Subject,
    recipient_id: str,
    inbox: OpenInbox,
    configured: Collection[Channel],
    now: datetime,
) -> list[Decision]:
    """The decisions for one recipient."""
    return decide(subject, recipient_id, inbox.preferences, inbox.reachable, configured, now)


def stage_of(decisions: Sequence[Decision]) -> Stage:
    """Where a notification with these decisions starts."""
    if any(decision.verdict is Verdict.DEFER for decision in decisions):
        return Stage.SCHEDULED
    shown = any(d.channel is Channel.IN_APP and d.verdict is Verdict.SEND for d in decisions)
    return Stage.VISIBLE if shown else Stage.HIDDEN


def endpoints_to_send(decisions: Sequence[Decision], endpoints: Sequence[bytes]) -> list[bytes]:
    """The endpoints of all channels that the notification goes out on."""
    channels = {decision.channel for decision in decisions if decision.verdict is Verdict.SEND}
    return [endpoint for endpoint in endpoints if endpoint[0] in channels]


def dump_decisions(decisions: Sequence[Decision]) -> bytes:
    """Three bytes each: channel, verdict, reason."""
    return b"".join(bytes((decision.channel, decision.verdict, decision.reason)) for decision in decisions)


def stored_notification(
    draft: Draft, address: InboxAddress, seq: int, stage: Stage, now: datetime
) -> StoredNotification:
    """The row as it was written."""
    return StoredNotification(
        inbox_id=address.inbox_id,
        seq=seq,
        change_version=seq,
        position=seq,
        stage=stage,
        recipient_id=address.recipient_id,
        type=draft.type,
        category=draft.category,
        priority=draft.priority,
        thread_key=draft.thread_key,
        labels=draft.labels or {},
        payload=draft.payload,
        create_time=now,
        deliver_time=max(draft.deliver_time or now, now),
        expire_time=draft.expire_time,
        read_time=None,
        seen_time=None,
        archive_time=None,
        pin_time=None,
        action_id="",
        action_time=None,
    )
