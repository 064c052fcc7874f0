"""Push by the Apple Push Notification service: HTTP/2, token authentication.

Answers: `apns_outcome.py`. All messages share one connection; one that APNs ends (GOAWAY) is replaced. A
repetition has the same `apns-id`, and the same `apns-collapse-id`, by which it replaces what is shown.
"""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID, uuid5

from pydantic import AfterValidator, ConfigDict, Field, SecretStr

from carillon_server.delivery.providers.http.http_answer import HttpAnswer, HttpFailure, classify_failure
from carillon_server.delivery.providers.http.service_url import ServiceUrl
from carillon_server.delivery.providers.provider import Message, ProviderKind, ProviderSettings, Workshop
from carillon_server.delivery.providers.push.apns_headers import apns_headers
from carillon_server.delivery.providers.push.apns_outcome import EXPIRED_TOKEN, classify, reason_of
from carillon_server.delivery.providers.push.apns_payload import ApnsPayload
from carillon_server.delivery.providers.push.apns_token import ProviderTokens
from carillon_server.delivery.providers.push.ec_key import load_p256_key
from carillon_server.domain.channel import Channel, Platform
from carillon_server.domain.ids import DeliveryId
from carillon_server.domain.outcome import Outcome, Rejected, Retry
from carillon_server.domain.push_address import AddressInvalidError, canonical_address

_ID = "^[A-Za-z0-9]{1,20}$"
_HOSTS = {
    "production": "https://api.push.apple.com",
    "sandbox": "https://api.sandbox.push.apple.com",
}
_NAMESPACE = UUID("5c0d7c1e-3a7f-4b5e-9a53-0c6f6a1b7d21")
"""Of the ids that APNs is given; any, but always the same."""


def _check_key(value: SecretStr) -> SecretStr:
    load_p256_key(value.get_secret_value())
    return value


class ApnsSettings(ProviderSettings):
    """Settings of the kind `apns`."""

    model_config = ConfigDict(hide_input_in_errors=True)

    key_id: str = Field(pattern=_ID, description="The id of the key, from the developer account.")
    team_id: str = Field(pattern=_ID, description="The id of the team that the key belongs to.")
    private_key: Annotated[SecretStr, AfterValidator(_check_key)] = Field(
        description="The key: the text of the .p8 file."
    )
    topic: str = Field(pattern="^[A-Za-z0-9._-]{1,200}$", description="The app's bundle id.")
    environment: Literal["production", "sandbox"] = Field(
        default="production", description="Which of Apple's two services the tokens belong to."
    )
    push_type: Literal["alert", "background"] = Field(
        default="alert", description="`background` shows nothing: it wakes the app."
    )
    api_url: ServiceUrl = Field(default="", description="Where APNs is, if not at Apple.")


class ApnsProvider:
    """Hands notifications to APNs."""

    def __init__(self, name: str, settings: ApnsSettings, workshop: Workshop) -> None:
        self.name = name
        self._clock = workshop.clock
        self._http = workshop.http_client(http2=True)
        key = load_p256_key(settings.private_key.get_secret_value())
        self._tokens = ProviderTokens(key, settings.key_id, settings.team_id, workshop.clock)
        self._background = settings.push_type == "background"
        self._payload = ApnsPayload(workshop.link_base_url, background=self._background)
        self._topic = settings.topic
        self._push_type = settings.push_type
        self._url = (settings.api_url or _HOSTS[settings.environment]) + "/3/device/"

    async def send(self, message: Message) -> Outcome:
        try:
            device = canonical_address(Platform.APNS, message.address)
        except AddressInvalidError as error:
            return Rejected("address_invalid", str(error))
        body = self._payload.write(message)
        if body is None:
            return Rejected("too_large", "title, link and keys alone are more than APNs takes")
        token = self._tokens.get()
        answer = await self._post(device, body, message, token)
        if isinstance(answer, HttpAnswer) and reason_of(answer) == EXPIRED_TOKEN:
            answer = await self._post(device, body, message, self._tokens.get(refused=token))
        return self._classify(answer)

    async def close(self) -> None:
        await self._http.close()

    async def _post(self, device: str, body: bytes, message: Message, token: str) -> HttpAnswer | HttpFailure:
        headers = {
            **apns_headers(message, self._clock()),
            "authorization": f"bearer {token}",
            "apns-id": apns_id(message.delivery_id),
            "apns-topic": self._topic,
            "apns-push-type": self._push_type,
            "content-type": "application/json",
        }
        if self._background:
            headers["apns-priority"] = "5"  # Apple refuses to wake apps at once.
        return await self._http.post(self._url + device, body, headers)

    def _classify(self, answer: HttpAnswer | HttpFailure) -> Outcome:
        if isinstance(answer, HttpAnswer):
            return classify(answer, self._clock())
        outcome = classify_failure(answer)
        # Where APNs is, our settings say: no address of a recipient is at fault.
        return Retry(outcome.error_class, outcome.detail) if isinstance(outcome, Rejected) else outcome


def apns_id(delivery_id: DeliveryId) -> str:
    """The same for every attempt."""
    return str(uuid5(_NAMESPACE, str(delivery_id)))


KIND: ProviderKind[ApnsSettings] = ProviderKind(
    name="apns",
    channels=frozenset({Channel.PUSH}),
    settings=ApnsSettings,
    build=ApnsProvider,
    platforms=frozenset({Platform.APNS}),
)
