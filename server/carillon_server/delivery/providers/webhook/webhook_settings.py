"""How a tenant signs its webhooks, and what else goes with them."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Mapping
from typing import Annotated

from pydantic import Field, SecretStr, field_validator

from carillon_server.delivery.providers.http.header_settings import check_header_value, check_headers
from carillon_server.delivery.providers.provider import ProviderSettings

_PREFIX = "whsec_"
_MIN_KEY_BYTES, _MAX_KEY_BYTES = 24, 64
_MAX_HEADERS = 20
_RESERVED = frozenset({"user-agent", "webhook-id", "webhook-signature", "webhook-timestamp"})


class WebhookSettings(ProviderSettings):
    """The settings of the kind `webhook`."""

    signing_secrets: Annotated[tuple[SecretStr, ...], Field(min_length=1, max_length=5)] = Field(
        description="Sign every request, newest first: `whsec_` and the base64 of 24 to 64 random bytes. To "
        "change a secret, put the new one first, and take the old one away when all receivers know the new.",
    )
    timeout_seconds: float = Field(
        default=15.0, ge=0.1, le=20.0, description="From the first packet to the last byte of the answer."
    )
    headers: Mapping[str, str] = Field(
        default_factory=dict,
        max_length=_MAX_HEADERS,
        description="Further headers of each request, in ASCII. They are stored and shown in the clear.",
    )
    user_agent: str = Field(
        default="Carillon/1 (webhook)", max_length=200, description="The header `User-Agent`."
    )

    @field_validator("signing_secrets")
    @classmethod
    def _are_keys(cls, secrets: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
        for secret in secrets:
            check_signing_key(secret.get_secret_value())
        return secrets

    @field_validator("headers")
    @classmethod
    def _are_headers(cls, headers: Mapping[str, str]) -> Mapping[str, str]:
        check_headers(headers, _RESERVED)
        return headers

    @field_validator("user_agent")
    @classmethod
    def _is_header_value(cls, value: str) -> str:
        check_header_value(value)
        return value


def check_signing_key(text: str) -> None:
    """A secret as Standard Webhooks writes it; raises ValueError."""
    # Never with the value in the sentence: it is shown to whoever called.
    if not text.startswith(_PREFIX):
        raise ValueError("a signing secret starts with whsec_")
    try:
        raw = b64decode(text.removeprefix(_PREFIX), validate=True)
    except ValueError:
        raw = b""
    if not _MIN_KEY_BYTES <= len(raw) <= _MAX_KEY_BYTES:
        raise ValueError("a signing secret is whsec_ and the base64 of 24 to 64 bytes")
