"""Push to browsers: RFC 8030 (delivery), RFC 8291 (encryption), RFC 8292 (VAPID).

The address is a browser's subscription; the request goes to its push service, wherever that is, so it is
checked like a webhook's. Answers: `web_push_outcome.py`. The service cannot tell repeats; the page can, by
the `tag`, which replaces what is shown.
"""

from __future__ import annotations

import asyncio
import re
from typing import Annotated

from pydantic import AfterValidator, ConfigDict, Field, SecretStr

from carillon_server.delivery.providers.http.http_answer import HttpAnswer, HttpFailure, classify_failure
from carillon_server.delivery.providers.provider import Message, ProviderKind, ProviderSettings, Workshop
from carillon_server.delivery.providers.push.ec_key import load_p256_key
from carillon_server.delivery.providers.push.push_text import (
    LONGEST_SECONDS,
    digest,
    seconds_to_live,
    urgency,
)
from carillon_server.delivery.providers.push.vapid import Vapid
from carillon_server.delivery.providers.push.web_push_envelope import MAX_PLAIN_BYTES, Envelope
from carillon_server.delivery.providers.push.web_push_outcome import classify
from carillon_server.delivery.providers.push.web_push_payload import WebPushPayload
from carillon_server.domain.channel import Channel, Platform
from carillon_server.domain.outcome import Outcome, Rejected
from carillon_server.domain.push_address import AddressInvalidError, PushSubscription

_TOO_LARGE = 413
_SMALL_PLAIN_BYTES = 1_500
"""For services that take less than the RFC asks of them."""
_TOPIC_CHARACTERS = 32
_SUBJECT = re.compile(r"mailto:[^@\s]+@[^@\s]+|https://[^\s/]+\S*")
_NO_ROOM = Rejected("too_large", "title, link and keys alone are more than push services take")


def _check_key(value: SecretStr) -> SecretStr:
    load_p256_key(value.get_secret_value())
    return value


def _check_subject(value: str) -> str:
    if not _SUBJECT.fullmatch(value):
        raise ValueError("is neither a mailto: nor an https: URL")
    return value


class WebPushSettings(ProviderSettings):
    """Settings of the kind `web_push`."""

    model_config = ConfigDict(hide_input_in_errors=True)

    private_key: Annotated[SecretStr, AfterValidator(_check_key)] = Field(
        description="The VAPID key: a PEM, or 32 bytes in base64url. Pages subscribe with its public half."
    )
    subject: Annotated[str, AfterValidator(_check_subject)] = Field(
        max_length=500, description="Whom push services turn to: `mailto:ops@example.com`, or an https URL."
    )


class WebPushProvider:
    """Hands messages to the push services of browsers."""

    def __init__(self, name: str, settings: WebPushSettings, workshop: Workshop) -> None:
        key = load_p256_key(settings.private_key.get_secret_value())
        self.name = name
        self._clock = workshop.clock
        self._http = workshop.http_client(http2=True)
        self._vapid = Vapid(key, settings.subject, workshop.clock)
        self._envelope = Envelope(key)
        self._payload = WebPushPayload(workshop.link_base_url)

    async def send(self, message: Message) -> Outcome:
        try:
            subscription = PushSubscription.parse(message.address)
        except AddressInvalidError as error:
            return Rejected("address_invalid", str(error))
        answer = await self._post(message, subscription, MAX_PLAIN_BYTES)
        if isinstance(answer, HttpAnswer) and answer.status == _TOO_LARGE:
            answer = await self._post(message, subscription, _SMALL_PLAIN_BYTES)
        match answer:
            case HttpAnswer():
                return classify(answer, self._clock(), str(message.delivery_id))
            case HttpFailure():
                return classify_failure(answer)
            case None:
                return _NO_ROOM

    async def close(self) -> None:
        await self._http.close()

    async def _post(
        self, message: Message, subscription: PushSubscription, max_bytes: int
    ) -> HttpAnswer | HttpFailure | None:
        """None: it cannot be made so short."""
        plain = self._payload.write(message, max_bytes)
        if plain is None:
            return None
        # Half a millisecond each: in bulk, the loop must not do it.
        body = await asyncio.to_thread(self._envelope.seal, plain, subscription)
        return await self._http.post(subscription.endpoint, body, self._headers(message, subscription))

    def _headers(self, message: Message, subscription: PushSubscription) -> dict[str, str]:
        seconds = seconds_to_live(message, self._clock())
        headers = {
            "authorization": self._vapid.header(subscription.endpoint),
            "content-encoding": "aes128gcm",
            "content-type": "application/octet-stream",
            "ttl": str(LONGEST_SECONDS if seconds is None else seconds),
            "urgency": urgency(message),
        }
        if message.collapse_key:
            headers["topic"] = digest(message.collapse_key, _TOPIC_CHARACTERS)
        return headers


KIND: ProviderKind[WebPushSettings] = ProviderKind(
    name="web_push",
    channels=frozenset({Channel.PUSH}),
    settings=WebPushSettings,
    build=WebPushProvider,
    platforms=frozenset({Platform.WEB_PUSH}),
    one_far_side=False,
)
