"""Providers tell what became of the messages that they took.

A callback is believed when the provider's own proof is good: a signature under a secret of this tenant's
provider. Its events then are applied one by one (`receipts.py`), so when the same callback comes again
because we failed in the middle, the rest is applied and nothing twice.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from carillon_server.domain.errors import NotFound, Reason, Refusal, Unavailable
from carillon_server.domain.provider_event import Callback, ProviderEvent
from carillon_server.services.ports import Clock, ProviderCatalog
from carillon_server.services.receipts import ReceiptService, Verdict
from carillon_server.services.secret_box import SecretBox, SecretLostError, provider_purpose
from carillon_server.storage.database import Database
from carillon_server.storage.providers import ProviderRow, fetch_providers
from carillon_server.telemetry import get_logger

MAX_BODY_BYTES = 256 * 1024
MAX_EVENTS = 1_000
"""In one callback."""
_MAX_AHEAD = timedelta(minutes=5)
"""A provider's clock may be wrong by so much; what it says is later than now becomes now."""
_MAX_ID_CHARACTERS = 500
_MAX_DETAIL_CHARACTERS = 500
_EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class RecordedEvents:
    """What came of a callback; the rest was told before, or changed nothing."""

    received: int
    applied: int
    """They changed the delivery or its endpoint."""
    unmatched: int
    """No delivery of this provider has such a message, or not yet."""


class ProviderEventService:
    """Takes callbacks."""

    def __init__(
        self,
        database: Database,
        catalog: ProviderCatalog,
        secret_box: SecretBox,
        clock: Clock,
        receipts: ReceiptService,
    ) -> None:
        self._database = database
        self._catalog = catalog
        self._secret_box = secret_box
        self._clock = clock
        self._receipts = receipts

    async def record(
        self, tenant: str, provider_name: str, callback: Callback, *, timeout: float | None = None
    ) -> RecordedEvents:
        """Raises PROVIDER_NOT_FOUND, CALLBACK_REFUSED, and `Unavailable` where the same callback may be good
        later.
        """
        provider = await self._find(tenant, provider_name, timeout)
        if len(callback.body) > MAX_BODY_BYTES:
            raise Refusal(Reason.CALLBACK_REFUSED, f"a callback has at most {MAX_BODY_BYTES} bytes")
        settings = {**provider.settings, **self._open_secrets(provider)}
        told = await self._catalog.read_callback(provider.kind, settings, callback)
        events = _check(told, self._clock())
        verdicts = [await self._receipts.record(tenant, provider_name, event) for event in events]
        _report(provider_name, verdicts)
        return RecordedEvents(
            len(verdicts), verdicts.count(Verdict.APPLIED), verdicts.count(Verdict.UNMATCHED)
        )

    async def _find(self, tenant: str, name: str, timeout: float | None) -> ProviderRow:
        providers = await fetch_providers(self._database, [tenant], timeout=timeout)
        found = next((provider for provider in providers if provider.name == name), None)
        if found is None:
            raise NotFound(Reason.PROVIDER_NOT_FOUND)
        return found

    def _open_secrets(self, provider: ProviderRow) -> dict[str, object]:
        if provider.sealed_secrets is None:
            return {}
        purpose = provider_purpose(provider.name)
        try:
            plain = self._secret_box.open(provider.tenant, purpose, provider.sealed_secrets)
        except SecretLostError as error:
            get_logger().error("provider.secrets_lost", provider=provider.name)
            raise Unavailable("the provider's secrets cannot be opened") from error
        secrets: dict[str, object] = json.loads(plain)
        return secrets


def _check(told: Sequence[ProviderEvent], now: datetime) -> list[ProviderEvent]:
    if len(told) > MAX_EVENTS:
        raise Refusal(Reason.CALLBACK_REFUSED, f"a callback tells at most {MAX_EVENTS} events")
    return [_normalize(event, now) for event in told]


def _normalize(event: ProviderEvent, now: datetime) -> ProviderEvent:
    """Signed is not the same as sound: what Postgres could not keep must not get there."""
    if not (_is_id(event.event_id) and _is_id(event.provider_message_id)):
        raise Refusal(Reason.CALLBACK_REFUSED, "an event has an id and names its message")
    if not _EARLIEST <= event.event_time <= now + _MAX_AHEAD:
        raise Refusal(Reason.CALLBACK_REFUSED, "an event cannot be of that time")
    return replace(
        event,
        delivery_id=event.delivery_id or _named(event.provider_message_id),
        event_time=min(event.event_time, now),
        reason=_line(event.reason),
        detail=_line(event.detail),
    )


def _named(message_id: str) -> str:
    """Our id of the delivery, where that is the message's too: as it is, or in a Message-ID."""
    return message_id.removeprefix("<").partition("@")[0]


def _is_id(text: str) -> bool:
    return 0 < len(text) <= _MAX_ID_CHARACTERS and text.isprintable()


def _line(text: str) -> str:
    printable = "".join(character if character.isprintable() else " " for character in text)
    return " ".join(printable.split())[:_MAX_DETAIL_CHARACTERS]


def _report(provider: str, verdicts: Sequence[Verdict]) -> None:
    counts = Counter(verdicts)
    get_logger().info(
        "callback.recorded",
        provider=provider,
        **{verdict.value: counts[verdict] for verdict in Verdict},
    )
