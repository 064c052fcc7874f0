"""The settings of the gateway, read once from the environment.

* `CARILLON_TARGET`: the service, host:port.
* `CARILLON_HTTP_ADDRESS`: where to listen, host:port; default `127.0.0.1:8080`.
* `CARILLON_INSECURE`: `1` to call a service on another machine without TLS.
* `CARILLON_DEMO_TOKENS`: development only, as `carillon up` sets it: a JSON object of tokens by user. With it
  there is a demo inbox, reachable from this machine alone.
* `CARILLON_DEMO_PRODUCER_TOKEN`: development only: lets the demo send samples.
* `CARILLON_MAIL_DIR`: development only: the Maildir of the local mail sink, shown under `/mail`.
* `CARILLON_MESSAGE_DIR`: development only: what the local far side took, shown under `/messages`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import Self

DEFAULT_TARGET = "127.0.0.1:50051"
DEFAULT_ADDRESS = "127.0.0.1:8080"


class SettingsError(ValueError):
    """A setting is missing or wrong; the message names it."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What the gateway was told."""

    target: str = DEFAULT_TARGET
    host: str = "127.0.0.1"
    port: int = 8080
    insecure: bool = False
    demo_tokens: Mapping[str, str] = field(default_factory=dict)
    """By user; empty: no demo."""
    producer_token: str = ""
    """Empty: the demo sends no samples."""
    mail_dir: Path | None = None
    message_dir: Path | None = None

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """Raises `SettingsError` for what cannot be used."""
        host, port = _address(environment.get("CARILLON_HTTP_ADDRESS") or DEFAULT_ADDRESS)
        tokens = _tokens(environment.get("CARILLON_DEMO_TOKENS", ""))
        if tokens and not _is_loopback(host):
            raise SettingsError(
                "CARILLON_DEMO_TOKENS: the demo listens on this machine alone, not on " + host
            )
        mail_dir = environment.get("CARILLON_MAIL_DIR", "")
        message_dir = environment.get("CARILLON_MESSAGE_DIR", "")
        return cls(
            target=environment.get("CARILLON_TARGET") or DEFAULT_TARGET,
            host=host,
            port=port,
            insecure=environment.get("CARILLON_INSECURE") == "1",
            demo_tokens=tokens,
            producer_token=environment.get("CARILLON_DEMO_PRODUCER_TOKEN", ""),
            mail_dir=Path(mail_dir) if mail_dir and tokens else None,
            message_dir=Path(message_dir) if message_dir and tokens else None,
        )


def _address(text: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    if not colon or not port.isdigit() or int(port) > 65_535:
        raise SettingsError(f"CARILLON_HTTP_ADDRESS: {text!r} is not host:port")
    return host.strip("[]"), int(port)


def _tokens(text: str) -> dict[str, str]:
    if not text:
        return {}
    try:
        tokens = json.loads(text)
    except ValueError:
        tokens = None
    if not isinstance(tokens, dict) or not all(isinstance(token, str) for token in tokens.values()):
        raise SettingsError("CARILLON_DEMO_TOKENS: not a JSON object of tokens")
    return tokens


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
