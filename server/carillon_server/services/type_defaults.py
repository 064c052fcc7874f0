"""What a type says of its notifications where their sender says nothing. Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from carillon_server.domain.notification import Draft
from carillon_server.domain.notification_type import NotificationType
from carillon_server.services.ports import PayloadChange, PayloadEditor

_SAYS_NOTHING = PayloadChange()


def apply_defaults(draft: Draft, kind: NotificationType, now: datetime, payloads: PayloadEditor) -> Draft:
    """The draft as the type completes it. The time to live counts from when it is delivered."""
    category = "" if draft.category else kind.category
    priority = None if draft.has_priority or kind.priority is draft.priority else kind.priority
    expire_time = None
    if draft.expire_time is None and kind.time_to_live_seconds is not None:
        begin = max(draft.deliver_time or now, now)
        expire_time = begin + timedelta(seconds=kind.time_to_live_seconds)
    change = PayloadChange(category=category, priority=priority, expire_time=expire_time)
    if change == _SAYS_NOTHING:
        return draft
    return replace(
        draft,
        payload=payloads.amend(draft.payload, change),
        category=draft.category or category,
        priority=priority or draft.priority,
        expire_time=draft.expire_time or expire_time,
    )
