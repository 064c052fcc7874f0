"""What the tests of push providers have in common: a clock that stands, and messages."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from carillon_server.delivery.providers.http.egress import Egress
from carillon_server.delivery.providers.http.http import HttpLimits
from carillon_server.delivery.providers.provider import Message, Provider, ProviderKind, Workshop
from carillon_server.domain.notification import Content
from tests.delivery.providers.conformance import message

DEVICE = "ab" * 32


@dataclass
class Clock:
    now: datetime = field(default_factory=lambda: datetime.now(UTC).replace(microsecond=0))

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **span: float) -> None:
        self.now += timedelta(**span)


def workshop(clock: Clock, *, ca_file: str = "", total_seconds: float = 5.0) -> Workshop:
    return Workshop(
        clock=clock,
        egress=Egress(["127.0.0.0/8"]),
        link_base_url="https://app.example.com/",
        http_limits=HttpLimits(total_seconds=total_seconds),
        ca_file=ca_file,
    )


def build(kind: ProviderKind[Any], settings: dict[str, Any], place: Workshop) -> Provider:
    return kind.build("push", kind.settings.model_validate(settings), place)


def note(address: str, body: str = "Thank you.", **changes: Any) -> Message:
    content = Content("Invoice 7 is paid", body, "/invoices/7", "bell", "https://app.example.com/7.png")
    return message(address, **{"content": content, **changes})
