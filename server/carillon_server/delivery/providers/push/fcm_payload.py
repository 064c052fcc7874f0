"""A notification as a message of the FCM HTTP v1 API (`projects.messages`).

Values that a template has for the application stand in `data` beside our own, which win. Names that FCM keeps
for itself (`from`, `message_type`, `google…`, `gcm…`) are left out: it would refuse the message.
"""

from __future__ import annotations

import json
import re
from datetime import datetime

from carillon_server.delivery.providers.provider import Message
from carillon_server.delivery.providers.push.apns_headers import apns_headers
from carillon_server.delivery.providers.push.push_text import (
    LONGEST_SECONDS,
    filled,
    fit,
    replaced_by,
    seconds_to_live,
    secure_url,
    target_url,
    to_json,
    urgency,
)
from carillon_server.domain.channel import Priority
from carillon_server.domain.wording import application_data

MAX_PAYLOAD_BYTES = 4_096
"""Of everything in a message but the token."""
_RESERVED = re.compile(r"(from|message_type)$|google|gcm", re.IGNORECASE)
_RESOURCE = re.compile(r"[a-z][a-z0-9_]*")
"""A drawable of an Android app."""


class FcmPayload:
    """Writes messages."""

    def __init__(self, link_base_url: str, android_channel_id: str) -> None:
        self._link_base_url = link_base_url
        self._android_channel_id = android_channel_id

    def write(self, message: Message, now: datetime) -> bytes | None:
        """The body of the request, its text shortened to what FCM takes; None: it does not fit."""
        renders = (
            lambda body: to_json(self._build(message, body, now, image_url=message.content.image_url)),
            lambda body: to_json(self._build(message, body, now, image_url="")),
        )
        payload = fit(renders, message.words.body, MAX_PAYLOAD_BYTES)
        if payload is None:
            return None
        return b'{"message":{"token":' + json.dumps(message.address).encode() + b"," + payload[1:] + b"}"

    def _build(self, message: Message, body: str, now: datetime, *, image_url: str) -> dict[str, object]:
        shown = {"title": message.words.title, "body": body, "image": secure_url(image_url)}
        apns = {"headers": apns_headers(message, now), "payload": {"aps": _aps(message)}}
        return {
            "notification": filled(shown),
            "data": self._data(message),
            "android": self._android(message, now),
            "apns": apns,
            "webpush": self._webpush(message, now),
        }

    def _data(self, message: Message) -> dict[str, object]:
        """All values are texts: FCM takes no others."""
        values = application_data(message.parts).items()
        return filled(
            {
                **{name: text for name, text in values if not _RESERVED.match(name)},
                "notification_id": str(message.notification_id),
                "delivery_id": str(message.delivery_id),
                "type": message.type,
                "url": target_url(message, self._link_base_url),
                "thread_key": message.thread_key,
            }
        )

    def _android(self, message: Message, now: datetime) -> dict[str, object]:
        seconds = seconds_to_live(message, now)
        icon = message.parts.get("icon", "")
        shown = {
            "tag": replaced_by(message),
            "channel_id": self._android_channel_id,
            "icon": icon if _RESOURCE.fullmatch(icon) else "",
        }
        return filled(
            {
                "priority": "HIGH" if message.priority >= Priority.HIGH else "NORMAL",
                "ttl": "" if seconds is None else f"{seconds}s",
                "collapse_key": message.collapse_key,
                "notification": filled(shown),
            }
        )

    def _webpush(self, message: Message, now: datetime) -> dict[str, object]:
        seconds = seconds_to_live(message, now)
        headers = {"TTL": str(LONGEST_SECONDS if seconds is None else seconds), "Urgency": urgency(message)}
        link = secure_url(target_url(message, self._link_base_url))
        icon = {"icon": secure_url(message.parts.get("icon", ""))}
        return filled(
            {"headers": headers, "fcm_options": filled({"link": link}), "notification": filled(icon)}
        )


def _aps(message: Message) -> dict[str, object]:
    return filled({"thread-id": message.thread_key, "sound": "default"})
