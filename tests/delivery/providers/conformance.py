"""What every kind of provider that talks to somebody keeps, asked of its real code over a real socket.

To add a kind, add a file `tests/delivery/providers/cases/<name>.py` with a constant `CASE` (or `CASES`, a
tuple, where a kind behaves differently by platform). It is found by itself:

    CASE = Case(
        kind=KIND,
        settings=lambda fake: {"base_url": fake.url, "token": SECRET},   # as a tenant would configure it
        message=lambda fake: message(address="+491701234567"),
        accepted=Reply.of_json({"sid": "SM1"}, status=201),              # the answer that means "taken"
        accepted_id="SM1",                                               # what Delivered then says
        secrets=(SECRET,),
    )

- `fake` makes the far side, not started; the default is an `HttpFake` without TLS. Every connection goes to
  loopback, which the Workshop of these tests allows.
- `prime` readies the provider for the trouble to come, for example by a first message that fetches a token;
  it runs on a good connection, and planned answers start after it.
- Time is bounded by the client: a kind makes it with `workshop.http_client()`, so these tests can make it
  impatient. A kind with a `timeout_seconds` of its own works as well.
- `throttled_is_retry`: 429 of one address says nothing about others (webhooks, chat, Web Push): Retry with
  the seconds instead of Throttled.
- `down`: the answers that say "later". `asked` counts what the far side heard.
- `speaks_http`: it knows 429 and Retry-After; SMTP has nothing of the kind.
- `opaque`: a library stands between, which says yes or no and nothing else (Apprise): no ids, no delays, no
  classes, and connections of its own.
- `ca_file` names the fake's certificate, where `fake` makes one that speaks TLS.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeAlias

from carillon_server.delivery.providers.http.egress import Egress
from carillon_server.delivery.providers.http.http import HttpLimits
from carillon_server.delivery.providers.provider import Message, Provider, ProviderKind, Workshop
from carillon_server.domain.delivery_settings import SmsLimits
from carillon_server.domain.ids import DeliveryId
from carillon_server.domain.notification import Content
from carillon_server.services.ports import SmsReservation
from carillon_server.testing import HttpFake, Reply

_CASES = Path(__file__).parent / "cases"
IMPATIENT = HttpLimits(connect_seconds=1.0, total_seconds=0.5)
_OK = Reply()
FakeServer: TypeAlias = Any
"""An `HttpFake`, or a fake of another protocol that is used alike."""
NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


async def no_priming(_provider: Provider, _fake: FakeServer) -> None:
    """Most kinds need none."""


class FreeLedger:
    """Text messages cost nothing here."""

    async def limits_of(self, tenant: str) -> SmsLimits:
        return SmsLimits()

    async def reserve(self, tenant: str, segments: int, amount_micros: int) -> SmsReservation:
        return SmsReservation(tenant, NOW.date(), segments, amount_micros)

    async def refund(self, reservation: SmsReservation) -> None:
        pass


@dataclass(frozen=True, slots=True)
class Case:
    """One kind, and how to meet it."""

    kind: ProviderKind[Any]
    settings: Callable[[FakeServer], Mapping[str, Any]]
    message: Callable[[FakeServer], Message]
    accepted: Reply = _OK
    accepted_id: str | None = None
    """None: any, but not empty."""
    secrets: tuple[str, ...] = ()
    fake: Callable[[], FakeServer] = HttpFake
    prime: Callable[[Provider, FakeServer], Any] = no_priming
    asked: Callable[[Any], int] = field(default=lambda fake: len(fake.requests))
    down: tuple[int, ...] = (500, 502, 503, 504)
    speaks_http: bool = True
    opaque: bool = False
    throttled_is_retry: bool = False
    name: str = ""
    """Tells several cases of a kind apart."""
    ca_file: Callable[[FakeServer], str] = field(default=lambda _fake: "")

    def __str__(self) -> str:
        return self.name or self.kind.name

    def workshop(self, fake: FakeServer, limits: HttpLimits = IMPATIENT) -> Workshop:
        """An installation that may reach this machine."""
        return Workshop(
            clock=lambda: datetime.now(UTC),
            egress=Egress(["127.0.0.0/8", "::1/128"]),
            http_limits=limits,
            ca_file=self.ca_file(fake),
            sms_ledger=FreeLedger(),
        )

    def build(self, fake: FakeServer) -> Provider:
        """As the directory of routes does it."""
        settings = self.kind.settings.model_validate(dict(self.settings(fake)))
        return self.kind.build("conformance", settings, self.workshop(fake))


def message(address: str, **changes: Any) -> Message:
    """A complete one."""
    values: dict[str, Any] = {
        "delivery_id": DeliveryId(bytes(16), 7, 1),
        "address": address,
        "content": Content("Invoice 7 is paid", "Thank you.", "https://app.example.com/invoices/7", "", ""),
        "locale": "en",
        "tenant": "acme",
        "recipient_id": "ann",
        "type": "invoice.paid",
        "category": "billing",
        "labels": {"team": "finance"},
        "data": {"invoice": 7},
        "create_time": NOW,
    }
    return Message(**{**values, **changes})


def collect() -> list[Case]:
    """All cases of the folder, by name."""
    found: list[Case] = []
    for path in sorted(_CASES.glob("[a-z]*.py")):
        module = importlib.import_module(f"tests.delivery.providers.cases.{path.stem}")
        found += getattr(module, "CASES", None) or [module.CASE]
    return found
