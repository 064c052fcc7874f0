"""Says on the worker's standard output what would be sent. Everything is delivered.

In development the whole message is printed. Anywhere else output is collected, and what is collected holds
no content and no addresses: then it is one record in the log, of ids and sizes.
"""

from __future__ import annotations

import json
import sys

from carillon_server.delivery.layout import render_text
from carillon_server.delivery.providers.offline.written_message import channel_name, describe
from carillon_server.delivery.providers.provider import Message, ProviderKind, ProviderSettings, Workshop
from carillon_server.domain.channel import Channel
from carillon_server.domain.outcome import Delivered, Outcome
from carillon_server.telemetry import get_logger


class ConsoleSettings(ProviderSettings):
    """Nothing to set."""


class ConsoleProvider:
    """Prints."""

    def __init__(self, name: str, workshop: Workshop) -> None:
        self.name = name
        self._prints_content = workshop.development
        self._link_base_url = workshop.link_base_url

    async def send(self, message: Message) -> Outcome:
        if self._prints_content:
            sys.stdout.write(self._block(message))
            sys.stdout.flush()
        else:
            _log(message)
        return Delivered(str(message.delivery_id))

    async def close(self) -> None:
        """Nothing to let go."""

    def _block(self, message: Message) -> str:
        about = describe(message)
        head = f"── {about['channel']} to {message.address} ({about['delivery_id']})"
        files = [f"[{each['filename']}, {each['size_bytes']} bytes]" for each in about["attachments"]]
        data = [json.dumps(about["data"], ensure_ascii=False)] if about["data"] else []
        parts = [f"{name}: {text}" for name, text in message.parts.items()]
        text = "\n".join(parts) or render_text(message.content, self._link_base_url, message.branding)
        return "\n".join([head, "", text, *files, *data, ""])


def _log(message: Message) -> None:
    content = message.words
    get_logger().info(
        "console.sent",
        delivery_id=str(message.delivery_id),
        tenant=message.tenant,
        channel=channel_name(message),
        title_characters=len(content.title),
        body_characters=len(content.body),
        attachments=len(message.attachments),
    )


def _build(name: str, _settings: ConsoleSettings, workshop: Workshop) -> ConsoleProvider:
    return ConsoleProvider(name, workshop)


KIND = ProviderKind("console", frozenset(Channel) - {Channel.IN_APP}, ConsoleSettings, _build)
