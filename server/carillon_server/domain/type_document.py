"""Types as JSON, the way they are stored."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from carillon_server.domain.channel import Channel, Priority
from carillon_server.domain.notification_type import NotificationType, Retention


def dump_type(kind: NotificationType) -> dict[str, Any]:
    """All but its name, its catalog and its times, which have columns of their own."""
    return {
        "display_name": kind.display_name,
        "description": kind.description,
        "category": kind.category,
        "priority": int(kind.priority),
        "channels": [[int(channel), enabled] for channel, enabled in kind.channels.items()],
        "mandatory": kind.mandatory,
        "archive_after_seconds": kind.retention.archive_after_seconds,
        "delete_after_seconds": kind.retention.delete_after_seconds,
        "collapse_rule": kind.collapse_rule,
        "thread_rule": kind.thread_rule,
        "data_schema": kind.data_schema,
        "sample_data": kind.sample_data,
        "time_to_live_seconds": kind.time_to_live_seconds,
        "digest": kind.digest,
        "schedule": kind.schedule,
        "escalation": kind.escalation,
    }


def load_type(
    name: str,
    document: Mapping[str, Any],
    catalog: str = "",
    create_time: datetime | None = None,
    update_time: datetime | None = None,
) -> NotificationType:
    """The inverse of `dump_type`; what is missing is as by default."""
    return NotificationType(
        name=name,
        display_name=document.get("display_name", ""),
        description=document.get("description", ""),
        category=document.get("category", ""),
        priority=Priority(document.get("priority", Priority.NORMAL)),
        channels={Channel(channel): bool(on) for channel, on in document.get("channels", ())},
        mandatory=bool(document.get("mandatory", False)),
        retention=Retention(document.get("archive_after_seconds"), document.get("delete_after_seconds")),
        collapse_rule=document.get("collapse_rule", ""),
        thread_rule=document.get("thread_rule", ""),
        data_schema=document.get("data_schema", {}),
        sample_data=document.get("sample_data", {}),
        time_to_live_seconds=document.get("time_to_live_seconds"),
        digest=document.get("digest", {}),
        schedule=document.get("schedule", {}),
        escalation=document.get("escalation", {}),
        catalog=catalog,
        create_time=create_time,
        update_time=update_time,
    )
