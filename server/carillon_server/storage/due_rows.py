"""Due deliveries as their rows tell them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

from carillon_server.domain.channel import Channel, Platform
from carillon_server.domain.decide import Subject
from carillon_server.domain.delivery import DeliveryState
from carillon_server.domain.ids import DeliveryId
from carillon_server.domain.lane import Lane
from carillon_server.domain.notification import Stage
from carillon_server.domain.push_address import stored_platform
from carillon_server.domain.type_policy import load_policy
from carillon_server.domain.withdrawal import Standing
from carillon_server.storage.database import Record
from carillon_server.storage.preference_rows import parse_preferences


@dataclass(frozen=True, slots=True)
class Due:
    """A due delivery, locked until the transaction ends, with what its attempt depends on."""

    id: DeliveryId
    lane: Lane
    endpoint_id: bytes
    attempt_count: int
    counted_attempts: int
    """Those that were tries."""
    fence: int
    age_seconds: float
    """Since it might first be tried."""
    request_trace: str
    now: datetime
    unfinished: bool
    """Its last attempt never came back."""
    at_most_once: bool
    """Its last attempt must not be repeated unless it came back."""
    tried: tuple[str, ...]
    """Providers that failed since the last wait."""
    chained: bool
    """It belongs to a chain of fallbacks."""
    standing: Standing | None
    """None: the notification or its recipient is gone."""
    unreadable: str
    """Why the rows make no sense; empty: they do."""
    tenant: str
    platform: Platform
    address: str
    locale: str
    payload: bytes
    parts: str | None
    """What its channel says in words of its own, as JSON; None: it says what the payload says."""
    attachments: str | None
    """References, as JSON; None: there are none."""
    create_time: datetime | None
    """Of the notification; None where it is gone."""


def read_due(row: Record) -> Due:
    """One that makes no sense says so, and stops none of the others."""
    standing, platform, unreadable = None, Platform.NONE, ""
    try:
        standing = _read_standing(row)
        channel = Channel(row["endpoint_id"][0])
        platform = stored_platform(channel, row["platform"] or 0, row["address"] or "")
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        # One row that makes no sense fails alone, not the batch that it was claimed with.
        unreadable = type(error).__name__
    return Due(
        id=DeliveryId(row["inbox_id"], row["seq"], row["ordinal"]),
        lane=Lane(row["lane"]),
        endpoint_id=row["endpoint_id"],
        attempt_count=row["attempt_count"],
        counted_attempts=max(0, row["attempt_count"] - row["uncounted_attempts"]),
        fence=row["fence"],
        age_seconds=row["age_seconds"],
        request_trace=row["request_trace"],
        now=row["now"],
        unfinished=row["state"] == DeliveryState.ATTEMPTING,
        at_most_once=row["at_most_once"],
        tried=tuple(row["tried"]),
        chained=row["fallback_chain"] > 0,
        standing=standing,
        unreadable=unreadable,
        tenant=row["tenant"] or "",
        platform=platform,
        address=row["address"] or "",
        locale=row["locale"] or "",
        payload=row["payload"] or b"",
        parts=row["parts"],
        attachments=row["attachments"],
        create_time=row["create_time"],
    )


def _read_standing(row: Record) -> Standing | None:
    if row["stage"] is None or row["recipient_id"] is None:
        return None
    channel = Channel(row["endpoint_id"][0])
    subject = Subject(
        type=row["type"],
        actor_id=row["actor_id"],
        thread_key=row["thread_key"],
        labels=json.loads(row["labels"]) if row["labels"] else {},
        # Whoever is in a chain is as if named.
        channels=(channel,) if channel in row["channels"] or row["fallback_chain"] else (),
        deliver_time=None,
        policy=load_policy(row["policy"]).only(channel),
    )
    return Standing(
        channel=channel,
        stage=Stage(row["stage"]),
        expire_time=row["expire_time"],
        endpoint_lives=bool(row["lives"]),
        subject=subject,
        recipient_id=row["recipient_id"],
        preferences=parse_preferences(row["document"]),
    )
