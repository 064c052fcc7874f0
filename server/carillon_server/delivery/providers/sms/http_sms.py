"""Text messages by any gateway that takes them in one HTTP request each.

What answers mean. One of `accepted_statuses`: taken. 429, and 503 that says when to come back: throttled. 401
and 403: about us, tried again. Other 4xx: rejected. 503, and what was never sent: tried again. After anything
else (other 5xx, a 2xx that does not mean taken, an answer that is none, a broken connection) nobody knows.

Then it depends. A gateway that tells repeats (`idempotency_header`) is asked again under the same delivery
id. For every other one a second message might be one too many: `Unknown`. The kind as a whole counts as
at-most-once, so an attempt whose worker died is not repeated with either.
"""

from __future__ import annotations

import json
from base64 import b64encode
from urllib.parse import urlencode

from carillon_server.delivery.providers.callbacks.signed_events import read_signed_events
from carillon_server.delivery.providers.http.http import HttpClient
from carillon_server.delivery.providers.http.http_answer import (
    HttpAnswer,
    HttpFailure,
    classify_answer,
    classify_failure,
)
from carillon_server.delivery.providers.provider import ProviderKind, Workshop
from carillon_server.delivery.providers.sms.http_sms_settings import Auth, HttpSmsSettings
from carillon_server.delivery.providers.sms.sms import Sms, SmsProvider, ledger_of
from carillon_server.domain.channel import Channel
from carillon_server.domain.outcome import Delivered, Outcome, Retry, Throttled, Unknown
from carillon_server.services.ports import Clock

_MAX_ID_CHARACTERS = 200
_CONTENT_TYPES = {"json": "application/json", "form": "application/x-www-form-urlencoded"}


class HttpSmsSender:
    """Talks to one gateway."""

    def __init__(self, name: str, settings: HttpSmsSettings, client: HttpClient, clock: Clock) -> None:
        self.name = name
        self._settings = settings
        self._client = client
        self._clock = clock

    async def submit(self, sms: Sms) -> Outcome:
        settings = self._settings
        answer = await self._client.request(
            settings.method,
            settings.url,
            _headers(settings, str(sms.delivery_id)),
            _body(settings, sms),
            total_seconds=settings.timeout_seconds,
        )
        if isinstance(answer, HttpFailure):
            return classify_failure(answer, at_most_once=settings.idempotency_header is None)
        if answer.status in settings.accepted_statuses:
            return Delivered(_find(answer, settings.id_path) or str(sms.delivery_id))
        return self._refused(answer)

    async def close(self) -> None:
        await self._client.close()

    def _refused(self, answer: HttpAnswer) -> Outcome:
        doubtful = answer.ok or (answer.status >= 500 and answer.status != 503)
        general = classify_answer(answer, self._clock())
        if not doubtful or isinstance(general, Throttled):
            return general
        error_class, detail = f"http_{answer.status}", "the gateway may have taken it"
        if self._settings.idempotency_header is None:
            return Unknown(error_class, detail)
        return Retry(error_class, detail, answer.retry_after_seconds(self._clock()))


def _headers(settings: HttpSmsSettings, delivery_id: str) -> dict[str, str]:
    headers = {"accept": "application/json", **settings.headers}
    headers |= {name: value.get_secret_value() for name, value in settings.secret_headers.items()}
    headers["content-type"] = _CONTENT_TYPES[settings.body_format]
    if settings.auth is Auth.BEARER and settings.token is not None:
        headers["authorization"] = f"Bearer {settings.token.get_secret_value()}"
    if settings.auth is Auth.BASIC and settings.password is not None:
        pair = f"{settings.username}:{settings.password.get_secret_value()}"
        headers["authorization"] = "Basic " + b64encode(pair.encode()).decode()
    if settings.idempotency_header is not None:
        headers[settings.idempotency_header] = delivery_id
    return headers


def _body(settings: HttpSmsSettings, sms: Sms) -> bytes:
    fields = {**settings.extra_fields, settings.to_field: sms.number, settings.text_field: sms.text}
    if settings.sender:
        fields[settings.from_field] = settings.sender
    if settings.id_field is not None:
        fields[settings.id_field] = str(sms.delivery_id)
    return (json.dumps(fields) if settings.body_format == "json" else urlencode(fields)).encode()


def _find(answer: HttpAnswer, path: str) -> str:
    """What the path leads to, if that can be an id; else nothing."""
    if not path:
        return ""
    value: object = answer.json()
    for step in path.split("."):
        value = _step(value, step)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value[:_MAX_ID_CHARACTERS] if isinstance(value, str) else ""


def _step(value: object, step: str) -> object:
    if isinstance(value, dict):
        return value.get(step)
    if isinstance(value, list) and step.isdecimal() and int(step) < len(value):
        return value[int(step)]
    return None


def _build(name: str, settings: HttpSmsSettings, workshop: Workshop) -> SmsProvider:
    ledger = ledger_of(workshop)
    sender = HttpSmsSender(name, settings, workshop.http_client(), workshop.clock)
    return SmsProvider(sender, settings, ledger, workshop.link_base_url)


KIND = ProviderKind(
    "http_sms",
    frozenset({Channel.SMS}),
    HttpSmsSettings,
    _build,
    at_most_once=True,
    read_callback=read_signed_events,
)
