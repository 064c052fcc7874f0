"""A message as people and programs can read it: for providers that write instead of sending."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from carillon_server.delivery.providers.provider import Message


def describe(message: Message) -> dict[str, Any]:
    """All of it as JSON can carry it; of attachments everything but their content."""
    return {
        "delivery_id": str(message.delivery_id),
        "notification_id": str(message.notification_id),
        "tenant": message.tenant,
        "channel": channel_name(message),
        "platform": message.platform.name.lower() if message.platform else "",
        "address": message.address,
        "recipient_id": message.recipient_id,
        "locale": message.locale,
        "type": message.type,
        "category": message.category,
        "priority": message.priority.name.lower(),
        "thread_key": message.thread_key,
        "collapse_key": message.collapse_key,
        "actor_id": message.actor_id,
        "labels": dict(message.labels),
        "data": dict(message.data),
        "content": asdict(message.content),
        "parts": dict(message.parts),
        "branding": asdict(message.branding),
        "unsubscribe_url": message.unsubscribe_url,
        "attachments": [
            {
                "filename": each.filename,
                "content_type": each.content_type,
                "content_id": each.content_id,
                "size_bytes": len(each.content),
            }
            for each in message.attachments
        ],
    }


def channel_name(message: Message) -> str:
    """In lower case; `unknown` where nobody said."""
    return message.channel.name.lower() if message.channel else "unknown"
