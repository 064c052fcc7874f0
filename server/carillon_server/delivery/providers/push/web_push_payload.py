"""What the service worker of a page gets: JSON, of which what is empty is left out.

`title`, `body`, `icon`, `image`, `url` (where a click leads), `tag` (a notification with the same tag
replaces what is shown), `actions` (as `showNotification` takes them, each with its `url`), `notification_id`,
`delivery_id`, `type`, `locale`, `timestamp` (milliseconds), `data` (a template's values for the application).
"""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urljoin

from carillon_server.delivery.providers.provider import Message
from carillon_server.delivery.providers.push.push_text import filled, fit, replaced_by, target_url, to_json
from carillon_server.domain.notification import Action
from carillon_server.domain.wording import application_data


class WebPushPayload:
    """Writes payloads."""

    def __init__(self, link_base_url: str) -> None:
        self._link_base_url = link_base_url

    def write(self, message: Message, max_bytes: int) -> bytes | None:
        """The text shortened, pictures and buttons left out where it must be; None: it does not fit."""
        trimmings = self._trimmings(message)
        renders = (self._render(message, trimmings), self._render(message, {}))
        return fit(renders, message.words.body, max_bytes)

    def _render(self, message: Message, trimmings: dict[str, object]) -> Callable[[str], bytes]:
        created = message.create_time
        fixed = {
            "url": target_url(message, self._link_base_url),
            "tag": replaced_by(message),
            "notification_id": str(message.notification_id),
            "delivery_id": str(message.delivery_id),
            "type": message.type,
            "locale": message.locale,
            "timestamp": None if created is None else int(created.timestamp() * 1000),
            "data": application_data(message.parts),
            **trimmings,
        }
        title = message.words.title
        return lambda body: to_json(filled({"title": title, "body": body, **fixed}))

    def _trimmings(self, message: Message) -> dict[str, object]:
        content = message.words
        actions = [self._action(action) for action in content.actions]
        return {"icon": content.icon, "image": content.image_url, "actions": actions}

    def _action(self, action: Action) -> dict[str, object]:
        url = urljoin(self._link_base_url, action.url) if action.url else ""
        return filled({"action": action.id, "title": action.label, "url": url})
