"""What a batch of sends writes: pure planning between the statement that locks the inboxes and the one that
writes.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime

from carillon_server.domain.channel import Channel
from carillon_server.domain.ids import NotificationId
from carillon_server.domain.inbox import InboxAddress
from carillon_server.domain.lane import lane_of
from carillon_server.domain.notification import (
    Draft,
    InboxChange,
    Stage,
    StoredNotification,
)
from carillon_server.domain.send import RecipientResult, SendOutcome, dump_outcome
from carillon_server.domain.value import dataclass
from carillon_server.services.composition import Composition, Variant
from carillon_server.services.inbox_ledger import InboxLedger
from carillon_server.services.ruling import Ruling, common_of, rule
from carillon_server.storage.delivery_rows import DeliveryRow
from carillon_server.storage.inboxes import OpenInbox
from carillon_server.storage.removals import Removal
from carillon_server.storage.sends import (
    BatchRows,
    Collapsed,
    NotificationRow,
    PartRow,
    RequestKey,
    RequestRow,
)
from carillon_server.storage.sent_variants import SentVariant


@dataclass(frozen=True, slots=True)
class PlannedSend:
    """One send of the batch, with who sends it and under which trace."""

    tenant: str
    sender: str
    composition: Composition
    addresses: tuple[InboxAddress, ...]
    request_trace: str = ""

    @property
    def draft(self) -> Draft:
        """What all variants have in common."""
        return self.composition.variants[0].draft

    @property
    def key(self) -> RequestKey | None:
        """None: not idempotent."""
        request_id = self.draft.request_id
        return (self.tenant, self.sender, request_id) if request_id else None

    @property
    def collapse_keys(self) -> list[tuple[bytes, str]]:
        key = self.draft.collapse_key
        return [(address.inbox_id, key) for address in self.addresses] if key else []


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be written, told and answered."""

    rows: BatchRows
    removals: Sequence[Removal]
    changes: Sequence[InboxChange]
    outcomes: Sequence[SendOutcome]


class Planner:
    """Plans sends one after the other, as if each had its own transaction."""

    def __init__(
        self,
        inboxes: Mapping[bytes, OpenInbox],
        collapsed: Sequence[Collapsed],
        channels_of: Callable[[str], Collection[Channel]],
    ) -> None:
        """`channels_of` a tenant, those that it can send on."""
        self._inboxes = inboxes
        self._channels_of = channels_of
        self._ledger = InboxLedger(inboxes)
        self._now = self._ledger.now
        self._collapsed: dict[tuple[bytes, str], list[Collapsed]] = {}
        for item in collapsed:
            self._collapsed.setdefault((item.inbox_id, item.collapse_key), []).append(item)
        self._variants: list[SentVariant] = []
        self._notifications: list[NotificationRow] = []
        self._parts: list[PartRow] = []
        self._deliveries: list[DeliveryRow] = []

    def plan(self, sends: Sequence[PlannedSend]) -> Plan:
        """All of them, in order."""
        outcomes = [self._send(send) for send in sends]
        requests = [
            RequestRow(key, send.draft.request_hash, dump_outcome(outcome))
            for send, outcome in zip(sends, outcomes, strict=True)
            if (key := send.key)
        ]
        rows = BatchRows(
            now=self._now,
            states=self._ledger.touched,
            counters=self._ledger.counters,
            notifications=self._notifications,
            variants=self._variants,
            parts=self._parts,
            deliveries=self._deliveries,
            requests=requests,
        )
        return Plan(rows, self._ledger.removals, self._ledger.changes, outcomes)

    def _send(self, send: PlannedSend) -> SendOutcome:
        composition = send.composition
        common = common_of(composition, self._now)
        configured = self._channels_of(send.tenant)
        first = len(self._variants)
        self._variants.extend(sent_variants(send.sender, composition))
        rulings = [
            rule(composition, common, a.recipient_id, self._inboxes[a.inbox_id], configured, self._now)
            for a in send.addresses
        ]
        results = [
            self._address(first, send, address, ruling)
            for address, ruling in zip(send.addresses, rulings, strict=True)
        ]
        return SendOutcome(tuple(results))

    def _address(
        self, first: int, send: PlannedSend, address: InboxAddress, ruling: Ruling
    ) -> RecipientResult:
        composition, decisions, stage = send.composition, ruling.line.decisions, ruling.stage
        if send.draft.actor_id == address.recipient_id:
            return RecipientResult(address.recipient_id, None, decisions)
        chosen = composition.chosen.get(address.recipient_id, 0)
        variant = composition.variants[chosen]
        seq = (
            self._show(variant.draft, address)
            if stage is Stage.VISIBLE
            else self._ledger.pass_over(address.inbox_id)
        )
        key = address.inbox_id, seq
        self._notifications.append(NotificationRow(*key, stage, first + chosen, ruling.stored))
        queued = [] if stage is Stage.SCHEDULED else self._queue(send, key, ruling)
        if variant.parts and variant.shared is None:
            # What is scheduled decides again when its time has come: any channel may be among it then.
            wanted = variant.parts if stage is Stage.SCHEDULED else variant.parts.keys() & set(queued)
            self._parts.extend(PartRow(*key, channel, first + chosen) for channel in wanted)
        return RecipientResult(address.recipient_id, NotificationId(*key), decisions)

    def _show(self, draft: Draft, address: InboxAddress) -> int:
        if draft.collapse_key:
            for old in self._collapsed.pop((address.inbox_id, draft.collapse_key), ()):
                self._ledger.remove(old.inbox_id, old.seq, old.counts, old.counter_key)
        seq = self._ledger.next_version(address.inbox_id)
        self._ledger.create(stored_notification(draft, address, seq, self._now))
        return seq

    def _queue(self, send: PlannedSend, key: tuple[bytes, int], ruling: Ruling) -> list[int]:
        """Returns the channels that it may go out on."""
        lane = lane_of(send.draft.priority)
        targets = ruling.targets(self._inboxes[key[0]].endpoints)
        self._deliveries += [
            DeliveryRow(*key, ordinal, endpoint, place, send.tenant, lane, send.request_trace)
            for ordinal, (endpoint, place) in enumerate(targets)
        ]
        return [endpoint[0] for endpoint, _ in targets]


def sent_variants(sender: str, composition: Composition) -> list[SentVariant]:
    """What is written of each variant."""
    chains, policy, retention = composition.chains, composition.policy, composition.retention
    return [
        SentVariant(sender, variant.draft, chains, policy, retention, variant.parts, _place_of(variant))
        for variant in composition.variants
    ]


def _place_of(variant: Variant) -> tuple[bytes, int] | None:
    return (variant.shared.broadcast_id, variant.shared.variant) if variant.shared else None


def stored_notification(draft: Draft, address: InboxAddress, seq: int, now: datetime) -> StoredNotification:
    """The row of one that is visible, as it is written."""
    return StoredNotification(
        inbox_id=address.inbox_id,
        seq=seq,
        change_version=seq,
        position=seq,
        stage=Stage.VISIBLE,
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
