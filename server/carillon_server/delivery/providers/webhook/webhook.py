"""Webhooks as of the Standard Webhooks specification (https://www.standardwebhooks.com).

The endpoint's address is an https URL. Each attempt is one POST of JSON with three headers: `webhook-id`, the
delivery's id, is the same for every attempt, so that receivers can tell repeats; `webhook-timestamp` is the
time of the attempt; `webhook-signature` holds one signature for every secret, so that a secret can be changed
while receivers know either.

What answers mean, as the specification says: 2xx is delivered. 410 is gone: the endpoint is retired. All else
is tried again, redirects and every other 4xx too: receivers answer 400, 401 or 404 while they are being
deployed or repaired, and events must not be lost over that. A `Retry-After` is kept, but for this endpoint
only: the provider serves many receivers, and one of them must not silence the others. An address that may
not be reached is rejected for good.
"""

from __future__ import annotations

from datetime import UTC

from standardwebhooks import Webhook

from carillon_server.delivery.providers.http.http import HttpClient
from carillon_server.delivery.providers.http.http_answer import HttpAnswer, HttpFailure, classify_failure
from carillon_server.delivery.providers.provider import Message, ProviderKind, Workshop
from carillon_server.delivery.providers.webhook.webhook_body import write_body
from carillon_server.delivery.providers.webhook.webhook_settings import WebhookSettings
from carillon_server.domain.channel import Channel
from carillon_server.domain.outcome import (
    UNREADABLE_CONTENT,
    Delivered,
    EndpointGone,
    Outcome,
    Rejected,
    Retry,
)
from carillon_server.domain.wording import PartsUnreadableError
from carillon_server.services.ports import Clock

_GONE = 410


class WebhookProvider:
    """Posts to the receivers of one tenant."""

    def __init__(self, name: str, settings: WebhookSettings, client: HttpClient, clock: Clock) -> None:
        self.name = name
        self._settings = settings
        self._signers = [Webhook(secret.get_secret_value()) for secret in settings.signing_secrets]
        self._client = client
        self._clock = clock

    async def send(self, message: Message) -> Outcome:
        now = self._clock().astimezone(UTC)
        try:
            body, webhook_id = write_body(message, now), str(message.delivery_id)
        except PartsUnreadableError as error:
            return Rejected(UNREADABLE_CONTENT, str(error))
        signatures = (signer.sign(webhook_id, now, body) for signer in self._signers)
        headers = {
            **self._settings.headers,
            "content-type": "application/json",
            "user-agent": self._settings.user_agent,
            "webhook-id": webhook_id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": " ".join(signatures),
        }
        result = await self._client.post(
            message.address, body.encode(), headers, total_seconds=self._settings.timeout_seconds
        )
        if isinstance(result, HttpFailure):
            return classify_failure(result)
        return self._classify(result, webhook_id)

    async def close(self) -> None:
        await self._client.close()

    def _classify(self, answer: HttpAnswer, webhook_id: str) -> Outcome:
        if answer.ok:
            return Delivered(webhook_id)
        error_class, detail = f"http_{answer.status}", f"answered {answer.status}"
        if answer.status == _GONE:
            return EndpointGone(error_class, detail)
        return Retry(error_class, detail, answer.retry_after_seconds(self._clock()))


def _build(name: str, settings: WebhookSettings, workshop: Workshop) -> WebhookProvider:
    return WebhookProvider(name, settings, workshop.http_client(), workshop.clock)


KIND = ProviderKind("webhook", frozenset({Channel.WEBHOOK}), WebhookSettings, _build, one_far_side=False)
