"""Which mail relay to use, and how."""

from __future__ import annotations

import re
import ssl
from enum import StrEnum
from ipaddress import ip_address
from typing import Any, Self
from urllib.parse import parse_qs, unquote, urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator

from carillon_server.delivery.providers.callbacks.ses_events import MailCallbackSettings
from carillon_server.delivery.providers.email.mail_address import parse_sender

_DEFAULT_PORTS = {"smtp": 25, "smtps": 465}
_LABEL = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_HOST_NAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})*\.?", re.ASCII)
_MAX_HOST_CHARACTERS = 253
# What ends a line or a string for somebody on the way; SMTP itself sends credentials in base64.
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class Security(StrEnum):
    """How a connection to the relay is protected."""

    STARTTLS_REQUIRED = "starttls_required"
    """It changes to TLS, or nothing is said on it."""
    STARTTLS = "starttls"
    """It changes to TLS where the relay offers that."""
    TLS = "tls"
    """TLS from the first byte."""
    NONE = "none"
    """In the clear."""


class SmtpSettings(MailCallbackSettings):
    """A mail relay."""

    host: str = Field(description="Name or IP address of the relay.")
    port: int = Field(default=587, ge=1, le=65_535, description="Where it listens.")
    security: Security = Field(
        default=Security.STARTTLS_REQUIRED,
        description="`starttls_required`; `starttls`: where the relay offers it; `tls` from the first byte; "
        "`none`. A password only travels over TLS, except with `none` to a network that the installation "
        "allows.",
    )
    username: str = Field(default="", max_length=320, description="Empty: no login.")
    password: SecretStr = Field(default=SecretStr(""), description="For the login.")
    from_address: str = Field(
        default="",
        max_length=320,
        description="The sender, as in a From header: `Name <a@example.com>`. Empty: the installation's.",
    )
    ca: str = Field(
        default="",
        max_length=100_000,
        description="PEM certificates of authorities to trust instead of the usual ones.",
    )
    timeout_seconds: float = Field(
        default=20.0,
        gt=0,
        le=60,
        description="How long the relay may take for one answer; a whole mail may take four times as long.",
    )
    kept_connections: int = Field(
        default=100, ge=0, le=1_000, description="Connections kept between mails, at most, per worker."
    )
    idle_seconds: float = Field(
        default=30.0, ge=0, le=3_600, description="A kept connection that was idle for longer is not used."
    )

    @field_validator("host")
    @classmethod
    def _is_host(cls, host: str) -> str:
        if len(host) > _MAX_HOST_CHARACTERS or not (_HOST_NAME.fullmatch(host) or _is_ip_address(host)):
            raise ValueError("is neither a host name nor an IP address")
        return host

    @field_validator("username")
    @classmethod
    def _is_plain(cls, text: str) -> str:
        if _CONTROL.search(text):
            raise ValueError("has control characters")
        return text

    @field_validator("password")
    @classmethod
    def _is_plain_secret(cls, secret: SecretStr) -> SecretStr:
        cls._is_plain(secret.get_secret_value())
        return secret

    @field_validator("from_address")
    @classmethod
    def _is_sender(cls, text: str) -> str:
        if text:
            parse_sender(text)
        return text

    @field_validator("ca")
    @classmethod
    def _are_certificates(cls, pem: str) -> str:
        if pem:
            _read_authorities(pem)
        return pem

    @model_validator(mode="after")
    def _login_is_whole(self) -> Self:
        if bool(self.username) != bool(self.password.get_secret_value()):
            raise ValueError("username and password go together")
        return self

    def tls_context(self) -> ssl.SSLContext:
        """What certificates of the relay are checked with. Reads files: not for the event loop."""
        return ssl.create_default_context(cadata=self.ca or None)


def read_smtp_url(url: str) -> dict[str, Any]:
    """The settings in `smtp://user:password@host:port?starttls=required|never` or `smtps://…`.

    Raises ValueError, which never quotes the URL: it may hold a password.
    """
    parts = urlsplit(url)
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname:
        raise ValueError("the mail relay must be given as smtp://host or smtps://host")
    found: dict[str, Any] = {
        "host": parts.hostname,
        "port": parts.port or _DEFAULT_PORTS[parts.scheme],
        "security": _security(parts.scheme, parts.query),
    }
    if parts.username:
        found |= {"username": unquote(parts.username), "password": unquote(parts.password or "")}
    return found


def _security(scheme: str, query: str) -> str:
    options = parse_qs(query)
    choice = options.pop("starttls", [""])[0]
    if options or choice not in ("", "required", "never") or (choice and scheme == "smtps"):
        raise ValueError("the only option of a mail relay is starttls=required or starttls=never")
    if scheme == "smtps":
        return Security.TLS
    return {"required": Security.STARTTLS_REQUIRED, "never": Security.NONE}.get(choice, Security.STARTTLS)


def _is_ip_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _read_authorities(pem: str) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context.load_verify_locations(cadata=pem)
    except (ssl.SSLError, ValueError) as error:
        raise ValueError("holds no PEM certificates") from error
