"""Decisions as a batch of sends needs them: what is done for a recipient, and how it is stored.

Most recipients of most sends are in the same circumstances: nothing set, the same channels, nothing scheduled
and no fallbacks. What is decided for them is decided once and remembered.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple, TypeAlias

from carillon_server.domain.channel import Channel
from carillon_server.domain.decide import Decision, DecisionReason, Subject, Verdict, decide
from carillon_server.domain.delivery_settings import Fallback
from carillon_server.domain.fallback import ALONE, Line, Place, channels_of, line_up
from carillon_server.domain.notification import Stage
from carillon_server.domain.preferences import NO_PREFERENCES
from carillon_server.domain.type_policy import TypePolicy
from carillon_server.services.composition import Composition
from carillon_server.storage.inboxes import OpenInbox

_MAX_REMEMBERED = 4_096
_ANY_TIME = datetime.min.replace(tzinfo=UTC)


class Ruling(NamedTuple):
    """What is decided for one recipient."""

    line: Line
    stage: Stage
    stored: bytes
    """The decisions, as they are written."""
    outgoing: frozenset[int]
    """The numbers of the channels that it goes out on, or may yet."""

    def targets(self, endpoints: Sequence[bytes]) -> list[tuple[bytes, Place]]:
        """The endpoints of these channels, and their places."""
        outgoing, places = self.outgoing, self.line.places
        if not places:
            return [(endpoint, ALONE) for endpoint in endpoints if endpoint[0] in outgoing]
        return [(e, places.get(Channel(e[0]), ALONE)) for e in endpoints if e[0] in outgoing]


Common: TypeAlias = tuple[tuple[Channel, ...], bool, tuple[tuple[Channel, bool], ...]]
"""Of a send whose decisions depend on nothing else of it: channels named, mandatory, channels offered."""


def common_of(composition: Composition, now: datetime) -> Common | None:
    """None: fallbacks or a time to come have a part in the decisions."""
    draft = composition.variants[0].draft
    if composition.chains or (draft.deliver_time is not None and draft.deliver_time > now):
        return None
    policy = composition.policy
    return draft.channels, policy.mandatory, tuple(policy.offered.items())


def rule(
    composition: Composition,
    common: Common | None,
    recipient_id: str,
    inbox: OpenInbox,
    configured: Collection[Channel],
    now: datetime,
) -> Ruling:
    """What is decided for the recipient. `common`: of the same composition."""
    is_common = common is not None and inbox.preferences is NO_PREFERENCES
    if is_common and composition.variants[0].draft.actor_id != recipient_id:
        return _rule_commonly(*common, inbox.reachable, frozenset(configured))  # type: ignore[misc]  # not None
    subject = subject_of(composition, now)
    return ruling_of(decide_for(subject, recipient_id, inbox, configured, composition.chains, now))


@lru_cache(_MAX_REMEMBERED)
def _rule_commonly(
    channels: tuple[Channel, ...],
    mandatory: bool,  # noqa: FBT001 - a part of the key
    offered: tuple[tuple[Channel, bool], ...],
    reachable: frozenset[int],
    configured: frozenset[Channel],
) -> Ruling:
    """Who has set nothing has nothing that could concern a type, a sender, a thread or a label."""
    policy = TypePolicy(mandatory, dict(offered))
    subject = Subject("", "", "", {}, channels, deliver_time=None, policy=policy)
    decisions = decide(subject, "", NO_PREFERENCES, reachable, configured, _ANY_TIME)
    return ruling_of(line_up(decisions, (), _ANY_TIME))


def ruling_of(line: Line) -> Ruling:
    """The same, with what follows from it."""
    outgoing = frozenset(
        int(decision.channel)
        for decision in line.decisions
        if decision.verdict is Verdict.SEND or decision.reason is DecisionReason.FALLBACK
    )
    return Ruling(line, stage_of(line.decisions), dump_decisions(line.decisions), outgoing)


def subject_of(composition: Composition, now: datetime) -> Subject:
    """What decisions look at; a time that has passed is no schedule."""
    draft = composition.variants[0].draft
    later = draft.deliver_time if draft.deliver_time and draft.deliver_time > now else None
    return Subject(
        draft.type,
        draft.actor_id,
        draft.thread_key,
        draft.labels or {},
        draft.channels,
        deliver_time=later,
        fallback_channels=channels_of(composition.chains),
        policy=composition.policy,
    )


def decide_for(
    subject: Subject,
    recipient_id: str,
    inbox: OpenInbox,
    configured: Collection[Channel],
    chains: Sequence[Fallback],
    now: datetime,
) -> Line:
    """The decisions for one recipient, fallbacks held back."""
    decisions = decide(subject, recipient_id, inbox.preferences, inbox.reachable, configured, now)
    return line_up(decisions, chains, now)


def stage_of(decisions: Sequence[Decision]) -> Stage:
    """Where a notification with these decisions starts."""
    if any(decision.reason is DecisionReason.SCHEDULED for decision in decisions):
        return Stage.SCHEDULED
    shown = any(d.channel is Channel.IN_APP and d.verdict is Verdict.SEND for d in decisions)
    return Stage.VISIBLE if shown else Stage.HIDDEN


def dump_decisions(decisions: Sequence[Decision]) -> bytes:
    """Three bytes each: channel, verdict, reason."""
    return b"".join(bytes((decision.channel, decision.verdict, decision.reason)) for decision in decisions)
