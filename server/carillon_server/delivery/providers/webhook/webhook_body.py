"""The body of webhooks: a public format. Fields may be added; none is renamed, moved or left out."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from carillon_server.delivery.providers.provider import Message
from carillon_server.domain.wording import PartsUnreadableError

_UNTYPED = "notification"


def write_body(message: Message, now: datetime) -> str:
    """JSON of three fields, as the Standard Webhooks specification recommends: `type`, `timestamp` (when it
    happened) and `data`, which is the payload of the type's template where it has one. Texts that are not set
    are empty, times that are not set are null. Raises `PartsUnreadableError`.
    """
    data = _load_payload(message.parts["payload"]) if "payload" in message.parts else _describe(message)
    whole = {"type": message.type or _UNTYPED, "timestamp": _time(message.create_time or now), "data": data}
    return json.dumps(whole, ensure_ascii=False, separators=(",", ":"))


def _load_payload(text: str) -> dict[str, Any]:
    try:
        payload = json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise PartsUnreadableError("the payload is no JSON") from error
    if not isinstance(payload, dict):
        raise PartsUnreadableError("the payload is no object")
    return payload


def _refuse(constant: str) -> None:
    raise ValueError(constant)  # NaN and the like: Python reads them, JSON has none


def _describe(message: Message) -> dict[str, Any]:
    content = message.content
    return {
        "notification_id": str(message.notification_id),
        "tenant": message.tenant,
        "recipient_id": message.recipient_id,
        "type": message.type,
        "category": message.category,
        "priority": message.priority.name,
        "title": content.title,
        "body": content.body,
        "action_url": content.action_url,
        "icon": content.icon,
        "image_url": content.image_url,
        "actions": [{"id": each.id, "label": each.label, "url": each.url} for each in content.actions],
        "locale": message.locale,
        "actor_id": message.actor_id,
        "thread_key": message.thread_key,
        "collapse_key": message.collapse_key,
        "labels": dict(message.labels),
        "data": dict(message.data),
        "create_time": _time(message.create_time),
        "expire_time": _time(message.expire_time),
    }


def _time(value: datetime | None) -> str | None:
    return None if value is None else value.isoformat(timespec="milliseconds").replace("+00:00", "Z")
