"""Text messages by Twilio (https://www.twilio.com/docs/messaging/api/message-resource).

What answers mean. 201 with a `sid`: taken. 429, and error 21611 (the sender's queue is full): throttled.
Errors about the number (21211, 21217, 21614 invalid or no mobile, 21610 opted out by STOP): the endpoint is
gone. Errors about us (401, 403, 404, 20003; 21212, 21603, 21606, 21659, 21660 the sender is not ours or
cannot send): tried again, somebody will mend it. All else about the message (21408 country not enabled,
21612, 21617 …), and every other 4xx: rejected.

Twilio knows no idempotency key, so a message that may have been taken is not sent again. Twilio calls all 5xx
"generally safe to retry", but does not say that nothing was created: after 500, 502 and 504, as after a
connection that broke or an answer that is none, nobody knows (`Unknown`). Only 503 says that the service was
not available. What was never sent (no connection, no TLS) is tried again.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from typing import Annotated, Self
from urllib.parse import urlencode, urlsplit

from pydantic import Field, SecretStr, StringConstraints, field_validator, model_validator

from carillon_server.delivery.providers.callbacks.signed_events import read_signed_events
from carillon_server.delivery.providers.http.http import HttpClient
from carillon_server.delivery.providers.http.http_answer import (
    HttpAnswer,
    HttpFailure,
    classify_answer,
    classify_failure,
)
from carillon_server.delivery.providers.provider import CallbackRefusedError, ProviderKind, Workshop
from carillon_server.delivery.providers.sms.sms import Sms, SmsProvider, SmsSettings, ledger_of
from carillon_server.delivery.providers.sms.twilio_callback import (
    DELIVERY_PARAMETER,
    SIGNATURE_HEADER,
    read_status,
)
from carillon_server.domain.channel import Channel
from carillon_server.domain.outcome import (
    Delivered,
    EndpointGone,
    Outcome,
    Rejected,
    Retry,
    Throttled,
    Unknown,
)
from carillon_server.domain.provider_event import Callback, ProviderEvent
from carillon_server.domain.web_address import WebAddress
from carillon_server.services.ports import Clock

_GONE = frozenset({21211, 21217, 21610, 21614})
_SENDER = frozenset({21212, 21603, 21606, 21659, 21660})
_ABOUT_MESSAGES = range(21000, 22000)
_CREDENTIALS = frozenset({401, 403, 404})
_AUTHENTICATE = 20003
_QUEUE_FULL = 21611

_AccountSid = Annotated[str, StringConstraints(pattern=r"^AC[0-9a-f]{32}$")]
_KeySid = Annotated[str, StringConstraints(pattern=r"^SK[0-9a-f]{32}$")]
_ServiceSid = Annotated[str, StringConstraints(pattern=r"^MG[0-9a-f]{32}$")]
_Sender = Annotated[str, StringConstraints(pattern=r"^(\+[1-9][0-9]{4,14}|[0-9]{3,8}|[A-Za-z0-9 ]{1,11})$")]


class TwilioSettings(SmsSettings):
    """The settings of the kind `twilio`."""

    account_sid: _AccountSid = Field(description="The account that pays: `AC…`.")
    auth_token: SecretStr | None = Field(
        default=None,
        description="The account's auth token. It signs Twilio's callbacks, so without it they are refused.",
    )
    api_key_sid: _KeySid | None = Field(default=None, description="An API key to send with: `SK…`.")
    api_key_secret: SecretStr | None = Field(default=None, description="The secret of the API key.")
    from_number: _Sender | None = Field(
        default=None, description="The sender: a number in E.164, a short code or an alphanumeric name."
    )
    messaging_service_sid: _ServiceSid | None = Field(
        default=None, description="The messaging service that chooses the sender: `MG…`."
    )
    api_url: str = Field(
        default="https://api.twilio.com", max_length=500, description="Where Twilio's API is."
    )
    status_callback_url: str | None = Field(
        default=None,
        max_length=2_000,
        description="Where Twilio tells what became of messages; None: as the messaging service says.",
    )

    @field_validator("api_url", "status_callback_url")
    @classmethod
    def _is_url(cls, url: str | None) -> str | None:
        if url is not None:
            WebAddress.parse(url)
        return url

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        if (self.api_key_sid is None) != (self.api_key_secret is None):
            raise ValueError("api_key_sid and api_key_secret go together")
        if self.auth_token is None and self.api_key_sid is None:
            raise ValueError("auth_token, or api_key_sid and api_key_secret, is needed")
        if (self.from_number is None) == (self.messaging_service_sid is None):
            raise ValueError("one of from_number and messaging_service_sid is needed")
        return self


class TwilioSender:
    """Posts to one account."""

    def __init__(self, name: str, settings: TwilioSettings, client: HttpClient, clock: Clock) -> None:
        self.name = name
        self._settings = settings
        self._client = client
        self._clock = clock
        self._url = f"{settings.api_url.rstrip('/')}/2010-04-01/Accounts/{settings.account_sid}/Messages.json"

    async def submit(self, sms: Sms) -> Outcome:
        headers = {
            "authorization": _basic(self._settings),
            "content-type": "application/x-www-form-urlencoded",
            "accept": "application/json",
        }
        answer = await self._client.post(
            self._url,
            urlencode(self._fields(sms)).encode(),
            headers,
            total_seconds=self._settings.timeout_seconds,
        )
        if isinstance(answer, HttpFailure):
            return classify_failure(answer, at_most_once=True)
        return _taken(answer) if answer.ok else self._refused(answer)

    async def close(self) -> None:
        await self._client.close()

    def _fields(self, sms: Sms) -> dict[str, str]:
        fields = {
            "To": sms.number,
            "Body": sms.text,
            "From": self._settings.from_number,
            "MessagingServiceSid": self._settings.messaging_service_sid,
            "StatusCallback": _callback_url(self._settings.status_callback_url, sms),
        }
        return {name: value for name, value in fields.items() if value is not None}

    def _refused(self, answer: HttpAnswer) -> Outcome:
        general = classify_answer(answer, self._clock())
        if isinstance(general, Throttled) or answer.status == 503:
            return general
        if answer.status >= 500:
            return Unknown(f"http_{answer.status}", "Twilio failed, and may have taken it")
        code = answer.json().get("code")
        if isinstance(code, int) and code in _ABOUT_MESSAGES:
            return _explain(code)
        if answer.status in _CREDENTIALS or code == _AUTHENTICATE:
            return Retry("credentials_refused", f"answered {answer.status}, error {code}")
        return general


def _callback_url(url: str | None, sms: Sms) -> str | None:
    if url is None:
        return None
    separator = "&" if urlsplit(url).query else "?"
    return f"{url}{separator}{DELIVERY_PARAMETER}={sms.delivery_id}"


def _basic(settings: TwilioSettings) -> str:
    user, secret = settings.account_sid, settings.auth_token
    if settings.api_key_sid is not None:
        user, secret = settings.api_key_sid, settings.api_key_secret
    password = "" if secret is None else secret.get_secret_value()
    return "Basic " + b64encode(f"{user}:{password}".encode()).decode()


def _taken(answer: HttpAnswer) -> Outcome:
    sid = answer.json().get("sid")
    if isinstance(sid, str) and sid:
        return Delivered(sid)
    return Unknown("protocol", f"answered {answer.status} without a sid")


def _explain(code: int) -> Outcome:
    """Twilio's own sentences quote numbers; the codes say as much."""
    error_class, detail = f"twilio_{code}", f"Twilio's error {code}"
    if code in _GONE:
        return EndpointGone(error_class, detail)
    if code in _SENDER:
        return Retry(error_class, detail)
    if code == _QUEUE_FULL:
        return Throttled(error_class, detail)
    return Rejected(error_class, detail)


def _build(name: str, settings: TwilioSettings, workshop: Workshop) -> SmsProvider:
    ledger = ledger_of(workshop)
    sender = TwilioSender(name, settings, workshop.http_client(), workshop.clock)
    return SmsProvider(sender, settings, ledger, workshop.link_base_url)


async def _read_callback(
    settings: TwilioSettings, callback: Callback, workshop: Workshop
) -> Sequence[ProviderEvent]:
    if SIGNATURE_HEADER not in callback.headers:
        return await read_signed_events(settings, callback, workshop)
    if settings.auth_token is None:
        raise CallbackRefusedError("no auth token is configured")
    token = settings.auth_token.get_secret_value()
    return read_status(settings.account_sid, token, callback, workshop.clock())


KIND = ProviderKind(
    "twilio",
    frozenset({Channel.SMS}),
    TwilioSettings,
    _build,
    at_most_once=True,
    read_callback=_read_callback,
)
