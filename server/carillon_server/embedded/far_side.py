"""The outside world on one machine: a webhook receiver, a push service with a browser, and an SMS gateway.

They check what the real ones check (signatures, credentials, encryption) and keep what they took in a
`MessageBox`. Run as a process of its own: `python -m carillon_server.embedded.far_side PORT KEYS MESSAGES`.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path
from typing import Any

from standardwebhooks import Webhook, WebhookVerificationError

from carillon_server.embedded.far_side_keys import FarSideKeys, private_key, public_text, raw_auth
from carillon_server.embedded.message_box import MessageBox
from carillon_server.embedded.ports import HOST
from carillon_server.testing import (
    Browser,
    HttpFake,
    ReceivedRequest,
    Reply,
    Step,
    TwilioFake,
    WebPushFake,
)

WEBHOOK_PATH = "/webhooks/"
PUSH_PATH = "/push/"
_TWILIO_PATH = "/2010-04-01/"


class FarSide(HttpFake):
    """One server that plays three, by path."""

    def __init__(self, port: int, keys: FarSideKeys, box: MessageBox) -> None:
        super().__init__(port=port)
        self._box = box
        self._webhook = Webhook(keys.webhook_secret)
        self._twilio = TwilioFake(keys.twilio_account, keys.twilio_token)
        self._push = WebPushFake(origin=f"http://{HOST}:{port}")
        self._keys = keys

    def respond(self, request: ReceivedRequest) -> Step:
        self.requests.clear()
        if request.path.startswith(WEBHOOK_PATH):
            return self._take_webhook(request)
        if request.path.startswith(PUSH_PATH):
            return self._take_push(request)
        if request.path.startswith(_TWILIO_PATH):
            return self._take_text(request)
        return Reply(404)

    def _take_webhook(self, request: ReceivedRequest) -> Reply:
        try:
            event: dict[str, Any] = self._webhook.verify(request.body, dict(request.headers))
        except WebhookVerificationError:
            return Reply(401)
        to = request.path.removeprefix(WEBHOOK_PATH)
        self._box.keep("WEBHOOK", to, str(event.get("type", "")), event)
        return Reply(204)

    def _take_push(self, request: ReceivedRequest) -> Reply:
        browser = Browser(
            f"http://{self.host}{request.path}",
            public_text(self._keys.vapid_key),
            private_key(self._keys.browser_key),
            raw_auth(self._keys.browser_auth),
        )
        self._push.adopt(browser)
        reply = self._push.respond(request)
        for message in browser.messages:
            to = request.path.removeprefix(PUSH_PATH)
            self._box.keep("PUSH", to, str(message.get("title", "")), message)
        return reply

    def _take_text(self, request: ReceivedRequest) -> Step:
        known = set(self._twilio.messages)
        step = self._twilio.respond(request)
        for sid in self._twilio.messages.keys() - known:
            fields = self._twilio.messages[sid]
            self._box.keep("SMS", fields["To"], fields["Body"], {"sid": sid, **fields})
        return step


async def run(port: int, keys: Path, messages: Path) -> None:
    """Takes messages until SIGTERM or SIGINT."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    async with FarSide(port, FarSideKeys.ensure(keys), MessageBox(messages)):
        await stopping.wait()


if __name__ == "__main__":
    asyncio.run(run(int(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3])))
