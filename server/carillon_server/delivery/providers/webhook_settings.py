"""How a tenant signs its webhooks, and what else goes with them."""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Mapping
from typing import Annotated

from pydantic import Field, SecretStr, field_validator

from carillon_server.delivery.providers.provider import ProviderSettings

_PREFIX = "whsec_"
_MIN_KEY_BYTES, _MAX_KEY_BYTES = 24, 64
_MAX_HEADERS = 20
# RFC 9110: a token; and of values what every server takes.
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_HEADER_VALUE = re.compile(r"[!-~](?:[ -~]{0,998}[!-~])?")
_OURS = re.compile(
    r"webhook-.*|accept-encoding|connection|content-(encoding|length|type)|cookie|expect|host|keep-alive|te|"
    r"trailer|transfer-encoding|upgrade|user-agent",
    re.IGNORECASE,
)


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
        for name, value in headers.items():
            if not _HEADER_NAME.fullmatch(name) or not _HEADER_VALUE.fullmatch(value):
                raise ValueError("header names are tokens, values are printable ASCII on one line")
            if _OURS.fullmatch(name):
                raise ValueError("a header that the service sets itself cannot be set")
        if len({name.lower() for name in headers}) < len(headers):
            raise ValueError("each header is named once")
        return headers

    @field_validator("user_agent")
    @classmethod
    def _is_header_value(cls, value: str) -> str:
        if not _HEADER_VALUE.fullmatch(value):
            raise ValueError("printable ASCII on one line")
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
