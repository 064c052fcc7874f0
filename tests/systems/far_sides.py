"""The outside world of a story: a relay, a push service, an SMS gateway, a receiver of webhooks, a chat."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

from carillon.types import Provider
from carillon_server.delivery.providers.push.ec_key import load_p256_key
from carillon_server.delivery.providers.push.vapid import public_key_of
from carillon_server.testing import HttpFake, Reply, SmsGatewayFake, SmtpFake, WebPushFake, make_vapid_key
from carillon_server.testing.sms_gateway_fake import CALLBACK_SECRET, GATEWAY_TOKEN

_CHAT_TOKEN = "abcdefghijklmnopqrstuvwx"
_VAPID_KEY = make_vapid_key()
VAPID_PUBLIC_KEY = public_key_of(load_p256_key(_VAPID_KEY))


@dataclass(frozen=True)
class FarSides:
    """They speak the real protocols, and remember what they were given."""

    relay: SmtpFake
    push_service: WebPushFake
    gateway: SmsGatewayFake
    receiver: HttpFake
    chat: HttpFake

    @property
    def smtp_url(self) -> str:
        return f"smtp://127.0.0.1:{self.relay.port}?starttls=never"

    def providers(self) -> Iterator[Provider]:
        """How a tenant reaches them; mail goes over the installation's relay."""
        yield _provider("PUSH", "web_push", private_key=_VAPID_KEY, subject="mailto:ops@example.com")
        yield _provider("SMS", "http_sms", url=f"{self.gateway.url}/send", auth="bearer", token=GATEWAY_TOKEN)
        yield _provider("WEBHOOK", "webhook", signing_secrets=[CALLBACK_SECRET])
        yield _provider("CHAT", "apprise", urls=[f"mmost://{self.chat.host}/{_CHAT_TOKEN}"])

    def said_in_the_chat(self) -> list[str]:
        return [request.json()["text"] for request in self.chat.requests]


def _provider(channel: str, kind: str, **settings: Any) -> Provider:
    return {"name": kind, "kind": kind, "channel": channel, "settings": settings}


@asynccontextmanager
async def open_far_sides() -> AsyncIterator[FarSides]:
    async with AsyncExitStack() as stack:
        yield FarSides(
            relay=await stack.enter_async_context(SmtpFake()),
            push_service=await stack.enter_async_context(WebPushFake()),
            gateway=await stack.enter_async_context(SmsGatewayFake()),
            receiver=await stack.enter_async_context(HttpFake(Reply(204))),
            chat=await stack.enter_async_context(HttpFake(Reply(200, body=b"ok"))),
        )
