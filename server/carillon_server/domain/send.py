"""The answer to a Send, and how it is remembered for replays."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from typing import Any

from carillon_server.domain.channel import Channel
from carillon_server.domain.decide import Decision, DecisionReason, Verdict
from carillon_server.domain.ids import BroadcastId, NotificationId
from carillon_server.domain.value import dataclass

_MAX_REMEMBERED = 1_024
"""Lists of decisions whose stored form is kept: they repeat from send to send."""


@dataclass(frozen=True, slots=True)
class RecipientResult:
    """What became of a notification for one recipient."""

    recipient_id: str
    notification_id: NotificationId | None
    """None for a dry run and for the actor."""
    decisions: tuple[Decision, ...]


@dataclass(frozen=True, slots=True)
class BroadcastReceipt:
    """What a Send to a topic, or to everyone, is answered with."""

    broadcast_id: BroadcastId | None
    """None for a dry run."""
    audience_count: int


@dataclass(frozen=True, slots=True)
class SendOutcome:
    """What became of one Send."""

    results: tuple[RecipientResult, ...]
    replayed: bool = False
    broadcast: BroadcastReceipt | None = None
    """None: it was to recipients by name."""

    def as_replay(self) -> SendOutcome:
        return replace(self, replayed=True)

    def addressed_to(self, recipient_ids: Sequence[str]) -> SendOutcome:
        """With the recipients of the request that it answers, in its order: what is remembered of a request
        names nobody.
        """
        pairs = zip(self.results, recipient_ids, strict=True)
        return replace(self, results=tuple(replace(result, recipient_id=id_) for result, id_ in pairs))


def dump_outcome(outcome: SendOutcome) -> str:
    """As compact JSON, for the idempotency record: a list of results, or an object for a broadcast. Whoever
    is erased must not be named there: the request, when it is repeated, brings the names along.
    """
    if outcome.broadcast is not None:
        receipt = outcome.broadcast
        return json.dumps({"broadcast_id": str(receipt.broadcast_id), "audience": receipt.audience_count})
    return f"[{','.join([_dump_result(result) for result in outcome.results])}]"


def load_outcome(text: str) -> SendOutcome:
    """The inverse of `dump_outcome`, marked as a replay; see `SendOutcome.addressed_to`."""
    record = json.loads(text)
    if isinstance(record, dict):
        id_ = BroadcastId.parse(record["broadcast_id"])
        return SendOutcome((), replayed=True, broadcast=BroadcastReceipt(id_, record["audience"]))
    return SendOutcome(tuple(_load_result(item) for item in record), replayed=True)


def _dump_result(result: RecipientResult) -> str:
    # An id has no character that JSON would escape.
    id_ = f'"{result.notification_id}"' if result.notification_id else "null"
    return f'["",{id_},{_dump_decisions(result.decisions)}]'


@lru_cache(_MAX_REMEMBERED)
def _dump_decisions(decisions: tuple[Decision, ...]) -> str:
    return json.dumps([_dump_decision(decision) for decision in decisions], separators=(",", ":"))


def _load_result(item: Sequence[Any]) -> RecipientResult:
    recipient_id, notification_id, decisions = item
    return RecipientResult(
        str(recipient_id),
        NotificationId.parse(str(notification_id)) if notification_id else None,
        tuple(_load_decision(decision) for decision in decisions),
    )


def _dump_decision(decision: Decision) -> list[object]:
    until = decision.until_time.isoformat() if decision.until_time else None
    return [int(decision.channel), int(decision.verdict), int(decision.reason), until, decision.rule]


def _load_decision(item: Sequence[Any]) -> Decision:
    channel, verdict, reason, until, rule = item
    return Decision(
        Channel(channel),
        Verdict(verdict),
        DecisionReason(reason),
        datetime.fromisoformat(str(until)) if until else None,
        str(rule),
    )
