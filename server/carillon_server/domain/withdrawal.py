"""Why a delivery that is due is not handed over after all. Pure, asked in the transaction of each attempt."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from carillon_server.domain.channel import Channel
from carillon_server.domain.decide import Subject, Verdict, decide
from carillon_server.domain.notification import Stage
from carillon_server.domain.preferences import Preferences


class Withdrawal(StrEnum):
    """Why; kept as the delivery's `finish_reason`."""

    REMOVED = "removed"
    """The notification was taken out of the inbox, or the recipient erased."""
    EXPIRED = "expired"
    """The notification's `expire_time` has passed."""
    ENDPOINT_GONE = "endpoint_gone"
    """The endpoint was deleted or retired."""
    OPTED_OUT = "opted_out"
    """The recipient's preferences say no by now."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What the attempt of a delivery depends on, as it stands now."""

    channel: Channel
    stage: Stage
    expire_time: datetime | None
    endpoint_lives: bool
    subject: Subject
    """Of this channel alone."""
    recipient_id: str
    preferences: Preferences


def find_withdrawal(standing: Standing, now: datetime) -> Withdrawal | None:
    """None: hand it over."""
    if standing.stage is Stage.REMOVED:
        return Withdrawal.REMOVED
    if standing.expire_time is not None and standing.expire_time <= now:
        return Withdrawal.EXPIRED
    if not standing.endpoint_lives:
        return Withdrawal.ENDPOINT_GONE
    return None if _still_wanted(standing, now) else Withdrawal.OPTED_OUT


def _still_wanted(standing: Standing, now: datetime) -> bool:
    only = [standing.channel]
    decisions = decide(standing.subject, standing.recipient_id, standing.preferences, only, only, now)
    return all(decision.verdict is Verdict.SEND for decision in decisions)
