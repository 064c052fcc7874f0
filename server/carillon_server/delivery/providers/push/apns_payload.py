"""A notification as APNs takes it (Apple, "Generating a remote notification").

Beside `aps` the app finds: `notification_id`, `delivery_id`, `type`, `url`, and `image_url`, which a service
extension of the app may load; of a template also `icon`, and its values under `data`.
"""

from __future__ import annotations

from carillon_server.delivery.providers.provider import Message
from carillon_server.delivery.providers.push.push_text import filled, fit, secure_url, target_url, to_json
from carillon_server.domain.channel import Priority
from carillon_server.domain.wording import application_data

MAX_PAYLOAD_BYTES = 4_096
_INTERRUPTION_LEVELS = {
    Priority.LOW: "passive",
    Priority.NORMAL: "active",
    Priority.HIGH: "active",
    Priority.URGENT: "time-sensitive",
}


class ApnsPayload:
    """Writes payloads."""

    def __init__(self, link_base_url: str, *, background: bool) -> None:
        """`background`: nothing is shown, the app is woken."""
        self._link_base_url = link_base_url
        self._background = background

    def write(self, message: Message) -> bytes | None:
        """The text shortened to what APNs takes; None: it does not fit."""
        renders = (
            lambda body: self._render(message, body, message.content.image_url),
            lambda body: self._render(message, body, ""),
        )
        return fit(renders, message.words.body, MAX_PAYLOAD_BYTES)

    def _render(self, message: Message, body: str, image_url: str) -> bytes:
        image_url = secure_url(image_url)
        aps = {"content-available": 1} if self._background else _alert(message, body, mutable=bool(image_url))
        own = {
            "notification_id": str(message.notification_id),
            "delivery_id": str(message.delivery_id),
            "type": message.type,
            "url": target_url(message, self._link_base_url),
            "image_url": image_url,
            "icon": message.parts.get("icon", ""),
            "data": application_data(message.parts),
        }
        return to_json({"aps": aps, **filled(own)})


def _alert(message: Message, body: str, *, mutable: bool) -> dict[str, object]:
    return filled(
        {
            "alert": filled({"title": message.words.title, "body": body}),
            "sound": "" if message.priority is Priority.LOW else "default",
            "thread-id": message.thread_key,
            "interruption-level": _INTERRUPTION_LEVELS[message.priority],
            "mutable-content": 1 if mutable else "",
        }
    )
