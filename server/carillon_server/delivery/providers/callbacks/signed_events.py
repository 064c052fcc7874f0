"""Callbacks that any system can send: JSON signed by the rules of Standard Webhooks (standardwebhooks.com).

    POST …
    webhook-id: evt_1
    webhook-timestamp: 1774000000
    webhook-signature: v1,…

    {"events": [{"id": "evt_1-0", "message_id": "SM12", "kind": "delivered", "time": "2026-03-20T10:00:00Z"}]}

`kind` is one of `delivered`, `failed`, `bounced`, `complained`, `opened`, `clicked`; `reason` (a word) and
`detail` (a sentence) may say more. A signature is good for five minutes. A callback is taken whole or not at
all: one event that makes no sense refuses it.
"""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import AwareDatetime, BaseModel, Field, SecretStr, ValidationError, field_validator
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from carillon_server.delivery.providers.provider import CallbackRefusedError, ProviderSettings, Workshop
from carillon_server.delivery.providers.webhook.webhook_settings import check_signing_key
from carillon_server.domain.provider_event import Callback, EventKind, ProviderEvent

_MAX_SECRETS = 5
_MAX_EVENTS = 1_000


class CallbackSettings(ProviderSettings):
    """What kinds need that take signed events."""

    callback_secrets: tuple[SecretStr, ...] = Field(
        default=(),
        max_length=_MAX_SECRETS,
        description="Secrets that callbacks may be signed with (`whsec_` and the base64 of 24 to 64 bytes); "
        "two while one takes the place of the other. None: callbacks are refused.",
    )

    @field_validator("callback_secrets")
    @classmethod
    def _usable(cls, secrets: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
        for secret in secrets:
            check_signing_key(secret.get_secret_value())
        return secrets


class _Event(BaseModel):
    id: str = Field(min_length=1)
    message_id: str = Field(min_length=1)
    kind: EventKind
    time: AwareDatetime
    reason: str = ""
    detail: str = ""


class _Body(BaseModel):
    events: tuple[_Event, ...] = Field(max_length=_MAX_EVENTS)


async def read_signed_events(
    settings: CallbackSettings, callback: Callback, _workshop: Workshop
) -> Sequence[ProviderEvent]:
    """Raises `CallbackRefusedError`."""
    if not any(_is_signed(secret, callback) for secret in settings.callback_secrets):
        raise CallbackRefusedError("no good signature")
    try:
        body = _Body.model_validate_json(callback.body)
    except ValidationError as error:
        raise CallbackRefusedError("the body is no list of events") from error
    return [
        ProviderEvent(
            event_id=event.id,
            provider_message_id=event.message_id,
            kind=event.kind,
            event_time=event.time,
            reason=event.reason,
            detail=event.detail,
        )
        for event in body.events
    ]


def _is_signed(secret: SecretStr, callback: Callback) -> bool:
    try:
        Webhook(secret.get_secret_value()).verify(callback.body, callback.headers, json_parse=False)
    except (WebhookVerificationError, ValueError, TypeError):
        # The library also lets out what it meets in headers and bodies that are no text or no base64.
        return False
    return True
