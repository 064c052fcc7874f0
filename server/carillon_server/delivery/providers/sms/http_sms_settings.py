"""How a gateway for text messages is spoken to that has no kind of its own."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import Field, SecretStr, StringConstraints, field_validator, model_validator

from carillon_server.delivery.providers.http.header_settings import check_header_value, check_headers
from carillon_server.delivery.providers.sms.sms import SmsSettings
from carillon_server.domain.web_address import WebAddress

_MAX_FIELDS = 20
# Credentials go into `auth`.
_RESERVED = frozenset({"authorization"})

_FieldName = Annotated[str, StringConstraints(min_length=1, max_length=100)]
_Status = Annotated[int, Field(ge=200, le=299)]


class Auth(StrEnum):
    """How the gateway knows us."""

    NONE = "none"
    BEARER = "bearer"
    BASIC = "basic"


class HttpSmsSettings(SmsSettings):
    """The settings of the kind `http_sms`."""

    url: str = Field(max_length=2_000, description="Where messages are handed in.")
    method: Literal["POST", "PUT"] = Field(default="POST", description="The method of the request.")
    body_format: Literal["json", "form"] = Field(default="json", description="How the body is written.")
    to_field: _FieldName = Field(default="to", description="The field of the number, in E.164.")
    text_field: _FieldName = Field(default="text", description="The field of the text.")
    from_field: _FieldName = Field(default="from", description="The field of the sender.")
    id_field: _FieldName | None = Field(
        default=None,
        description="The field of the delivery's id, always the same. None: not told.",
    )
    sender: str = Field(default="", max_length=100, description="The sender. Empty: the field is left out.")
    extra_fields: Mapping[_FieldName, str] = Field(
        default_factory=dict, max_length=_MAX_FIELDS, description="Further fields, always the same."
    )
    headers: Mapping[str, str] = Field(
        default_factory=dict,
        max_length=_MAX_FIELDS,
        description="Further headers. They are stored and shown in the clear.",
    )
    secret_headers: Mapping[str, SecretStr] = Field(
        default_factory=dict, max_length=_MAX_FIELDS, description="Further headers that nobody may read back."
    )
    auth: Auth = Field(default=Auth.NONE, description="`none`, `bearer` or `basic`.")
    token: SecretStr | None = Field(default=None, description="For `bearer`.")
    username: str = Field(default="", max_length=200, description="For `basic`.")
    password: SecretStr | None = Field(default=None, description="For `basic`.")
    accepted_statuses: tuple[_Status, ...] = Field(
        default=(200, 201, 202), min_length=1, max_length=10, description="Answers that mean: taken."
    )
    id_path: str = Field(
        default="",
        max_length=200,
        pattern=r"^[^.]*(\.[^.]+)*$",
        description="Where the answer, a JSON document, has the gateway's id of the message: names and "
        "positions with dots between (`messages.0.id`). Empty, or not there: our delivery id stands for it.",
    )
    idempotency_header: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z0-9-]{1,100}$",
        description="The header by which the gateway tells repeats (`Idempotency-Key`). With it, a message "
        "whose fate is not known is sent again; without, it ends as UNKNOWN.",
    )

    @field_validator("url")
    @classmethod
    def _is_url(cls, url: str) -> str:
        WebAddress.parse(url)
        return url

    @field_validator("headers", "secret_headers")
    @classmethod
    def _are_headers(cls, headers: Mapping[str, str | SecretStr]) -> Mapping[str, str | SecretStr]:
        check_headers({name: _text_of(value) for name, value in headers.items()}, _RESERVED)
        return headers

    @field_validator("token")
    @classmethod
    def _fits_a_header(cls, token: SecretStr | None) -> SecretStr | None:
        if token is not None:
            check_header_value(token.get_secret_value())
        return token

    @field_validator("idempotency_header")
    @classmethod
    def _is_free(cls, name: str | None) -> str | None:
        if name is not None:
            check_headers({name: "x"}, _RESERVED)
        return name

    @model_validator(mode="after")
    def _can_authenticate(self) -> Self:
        if self.auth is Auth.BEARER and self.token is None:
            raise ValueError("bearer needs token")
        if self.auth is Auth.BASIC and (not self.username or self.password is None):
            raise ValueError("basic needs username and password")
        return self


def _text_of(value: str | SecretStr) -> str:
    return value.get_secret_value() if isinstance(value, SecretStr) else value
