"""Providers tell what became of the messages that they took.

A callback is believed when the provider's own proof is good: a signature under a secret of this tenant's
provider. Each of its events is one transaction: kept once by its id, and applied to the delivery that the
provider's message id names, if that belongs to this tenant and this provider.

A provider may be faster than the commit of the attempt that it speaks of. Then there is nothing to apply the
event to, yet: it is kept without a delivery and answered with OK, because many providers do not ask twice.
`match_late` finds its delivery when the attempt is written. Events about messages that are not ours (another
system may use the same account) are kept unmatched until they are pruned, and looked at for an hour.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from carillon_server.domain.errors import NotFound, Reason, Refusal, Unavailable
from carillon_server.domain.provider_event import Callback, ProviderEvent
from carillon_server.domain.receipt import retires_endpoint, settle
from carillon_server.services.ports import Clock, ProviderCatalog
from carillon_server.services.progress import Progress
from carillon_server.services.secret_box import SecretBox, SecretLostError, provider_purpose
from carillon_server.storage.database import Connection, Database
from carillon_server.storage.provider_events import (
    EventKey,
    Taken,
    add_event,
    apply,
    find_unmatched,
    lock_delivery_of,
    lock_unmatched,
    match,
    retire_endpoint,
)
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
_LATE_SECONDS = 3600.0


class _Verdict(StrEnum):
    """What came of one event."""

    APPLIED = "applied"
    LATE = "late"
    """It changed nothing: something else was known already."""
    REPEATED = "repeated"
    UNMATCHED = "unmatched"


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
        self, database: Database, catalog: ProviderCatalog, secret_box: SecretBox, clock: Clock
    ) -> None:
        self._database = database
        self._catalog = catalog
        self._secret_box = secret_box
        self._clock = clock

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
        verdicts = [await self._record(tenant, provider_name, event) for event in events]
        _report(provider_name, verdicts)
        return RecordedEvents(
            len(verdicts), verdicts.count(_Verdict.APPLIED), verdicts.count(_Verdict.UNMATCHED)
        )

    async def match_late(self, limit: int) -> Progress:
        """Applies up to `limit` events that were faster than the attempts that they speak of."""
        keys = await find_unmatched(self._database, _LATE_SECONDS, limit)
        for key in keys:
            await self._match(key)
        return Progress(len(keys), more=len(keys) == limit)

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

    async def _record(self, tenant: str, provider: str, event: ProviderEvent) -> _Verdict:
        async def work(connection: Connection) -> _Verdict:
            # Locked first: of two that tell the same at once, the second waits and finds it told.
            taken = await lock_delivery_of(connection, tenant, provider, event.provider_message_id)
            if not await add_event(connection, tenant, provider, event):
                return _Verdict.REPEATED
            if taken is None:
                return _Verdict.UNMATCHED
            key = EventKey(tenant, provider, event.event_id)
            return _Verdict.APPLIED if await _settle(connection, key, taken, event) else _Verdict.LATE

        return await self._database.transaction(work)

    async def _match(self, key: EventKey) -> None:
        async def work(connection: Connection) -> None:
            event = await lock_unmatched(connection, key)
            if event is None:
                return
            taken = await lock_delivery_of(connection, key.tenant, key.provider, event.provider_message_id)
            if taken is not None:
                await _settle(connection, key, taken, event)

        await self._database.transaction(work)


async def _settle(connection: Connection, key: EventKey, taken: Taken, event: ProviderEvent) -> bool:
    """Whether it changed anything."""
    known = settle(taken.known, event, superseded=taken.superseded)
    applied = known != taken.known
    if applied:
        await apply(connection, taken.id, known)
    if retires_endpoint(event.kind):
        retired = await retire_endpoint(connection, taken, event.reason or event.kind, event.event_time)
        applied = applied or retired
    await match(connection, key, taken.id, applied=applied)
    return applied


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
        event_time=min(event.event_time, now),
        reason=_line(event.reason),
        detail=_line(event.detail),
    )


def _is_id(text: str) -> bool:
    return 0 < len(text) <= _MAX_ID_CHARACTERS and text.isprintable()


def _line(text: str) -> str:
    printable = "".join(character if character.isprintable() else " " for character in text)
    return " ".join(printable.split())[:_MAX_DETAIL_CHARACTERS]


def _report(provider: str, verdicts: Sequence[_Verdict]) -> None:
    counts = Counter(verdicts)
    get_logger().info(
        "callback.recorded",
        provider=provider,
        **{verdict.value: counts[verdict] for verdict in _Verdict},
    )
