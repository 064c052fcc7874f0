"""Push by Firebase Cloud Messaging, HTTP v1.

Answers: `fcm_outcome.py`. A repetition is told by the tag `notification_id`, which replaces what is shown.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, ConfigDict, Field, SecretStr

from carillon_server.delivery.providers.http.http_answer import HttpAnswer, HttpFailure, classify_failure
from carillon_server.delivery.providers.http.service_url import ServiceUrl
from carillon_server.delivery.providers.provider import Message, ProviderKind, ProviderSettings, Workshop
from carillon_server.delivery.providers.push.fcm_outcome import classify, refuses_token
from carillon_server.delivery.providers.push.fcm_payload import FcmPayload
from carillon_server.delivery.providers.push.fcm_token import AccessTokens, ServiceAccount
from carillon_server.domain.channel import Channel, Platform
from carillon_server.domain.outcome import Outcome, Rejected, Retry


def _check_account(value: SecretStr) -> SecretStr:
    ServiceAccount(value.get_secret_value())
    return value


class FcmSettings(ProviderSettings):
    """Settings of the kind `fcm`."""

    model_config = ConfigDict(hide_input_in_errors=True)

    service_account: Annotated[SecretStr, AfterValidator(_check_account)] = Field(
        description="The service account's JSON key, as the Firebase console hands it out."
    )
    api_url: ServiceUrl = Field(default="https://fcm.googleapis.com", description="Where FCM is.")
    android_channel_id: str = Field(
        default="",
        max_length=200,
        description="The notification channel of the Android app; empty: the app's default.",
    )


class FcmProvider:
    """Hands messages to FCM, with access tokens of a service account."""

    def __init__(self, name: str, settings: FcmSettings, workshop: Workshop) -> None:
        account = ServiceAccount(settings.service_account.get_secret_value())
        self.name = name
        self._clock = workshop.clock
        self._http = workshop.http_client(http2=True)
        self._tokens = AccessTokens(account, self._http, workshop.clock)
        self._payload = FcmPayload(workshop.link_base_url, settings.android_channel_id)
        self._url = f"{settings.api_url}/v1/projects/{account.project_id}/messages:send"

    async def send(self, message: Message) -> Outcome:
        body = self._payload.write(message, self._clock())
        if body is None:
            return Rejected("too_large", "title, link and keys alone are more than FCM takes")
        token = await self._tokens.get()
        if not isinstance(token, str):
            return token
        answer = await self._post(body, token)
        if isinstance(answer, HttpAnswer) and refuses_token(answer):
            token = await self._tokens.get(refused=token)
            if not isinstance(token, str):
                return token
            answer = await self._post(body, token)
        return self._classify(answer)

    async def close(self) -> None:
        await self._http.close()

    async def _post(self, body: bytes, token: str) -> HttpAnswer | HttpFailure:
        headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
        return await self._http.post(self._url, body, headers)

    def _classify(self, answer: HttpAnswer | HttpFailure) -> Outcome:
        if isinstance(answer, HttpAnswer):
            return classify(answer, self._clock())
        outcome = classify_failure(answer)
        # Where FCM is, our settings say: no address of a recipient is at fault.
        return Retry(outcome.error_class, outcome.detail) if isinstance(outcome, Rejected) else outcome


KIND: ProviderKind[FcmSettings] = ProviderKind(
    name="fcm",
    channels=frozenset({Channel.PUSH}),
    settings=FcmSettings,
    build=FcmProvider,
    platforms=frozenset({Platform.FCM}),
)
