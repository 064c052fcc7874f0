"""How a Send that is not written yet is kept: everything of its draft but to whom."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from carillon_server.domain.attachment import dump_references, load_references
from carillon_server.domain.channel import Channel, Priority
from carillon_server.domain.fallback import dump_chains, load_chains
from carillon_server.domain.notification import Draft


def dump_draft(draft: Draft) -> bytes:
    """As compact JSON. The `request_id` is left out: it is of the Send, not of what is written."""
    record = {
        "type": draft.type,
        "payload": b64encode(draft.payload).decode(),
        "category": draft.category,
        "priority": int(draft.priority),
        "channels": [int(channel) for channel in draft.channels],
        "thread_key": draft.thread_key,
        "collapse_key": draft.collapse_key,
        "actor_id": draft.actor_id,
        "labels": dict(draft.labels) if draft.labels else None,
        "deliver_time": _dump_instant(draft.deliver_time),
        "expire_time": _dump_instant(draft.expire_time),
        "fallbacks": dump_chains(draft.fallbacks),
        "has_content": draft.has_content,
        "has_priority": draft.has_priority,
        "attachments": dump_references(draft.attachments),
    }
    return json.dumps(record, separators=(",", ":")).encode()


def load_draft(raw: bytes) -> Draft:
    """The inverse of `dump_draft`."""
    record: Mapping[str, Any] = json.loads(raw)
    return Draft(
        recipient_ids=(),
        type=record["type"],
        payload=b64decode(record["payload"]),
        category=record["category"],
        priority=Priority(record["priority"]),
        channels=tuple(Channel(number) for number in record["channels"]),
        thread_key=record["thread_key"],
        collapse_key=record["collapse_key"],
        actor_id=record["actor_id"],
        labels=record["labels"],
        deliver_time=_load_instant(record["deliver_time"]),
        expire_time=_load_instant(record["expire_time"]),
        fallbacks=tuple(load_chains(record["fallbacks"])),
        has_content=record["has_content"],
        has_priority=record["has_priority"],
        attachments=tuple(load_references(record["attachments"])),
    )


def _dump_instant(instant: datetime | None) -> str | None:
    return instant.isoformat() if instant else None


def _load_instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
