"""Tells operators how providers do: each worker writes what it sees of those that it used."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from carillon_server.domain.provider_health import ProviderHealth
from carillon_server.storage.database import Database
from carillon_server.storage.provider_health import forget_worker, prune_health, put_health

PUBLISH_SECONDS = 2.0
_REPEAT_SECONDS = 20.0
_PRUNE_SECONDS = 60.0
_MAX_BATCH = 500


@dataclass(frozen=True, slots=True)
class _Told:
    health: ProviderHealth
    at: float


class HealthPublisher:
    """Writes what has changed, and every now and then what has not: a row that grows old is not believed."""

    def __init__(
        self,
        database: Database,
        see: Callable[[], Sequence[ProviderHealth]],
        worker: str,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`worker`: a name of this process that no other has."""
        self._database = database
        self._see = see
        self._worker = worker
        self._monotonic = monotonic
        self._told: dict[tuple[str, str], _Told] = {}
        self._pruned_at = 0.0

    async def publish(self) -> bool:
        """One round of a loop. True: more is waiting."""
        now = self._monotonic()
        seen = {(health.tenant, health.name): health for health in self._see()}
        self._told = {key: told for key, told in self._told.items() if key in seen}
        news = [health for key, health in seen.items() if self._is_news(key, health, now)]
        if news:
            await put_health(self._database, self._worker, news[:_MAX_BATCH])
        for health in news[:_MAX_BATCH]:
            self._told[health.tenant, health.name] = _Told(health, now)
        if now - self._pruned_at > _PRUNE_SECONDS:
            await prune_health(self._database)
            self._pruned_at = now
        return len(news) > _MAX_BATCH

    async def withdraw(self) -> None:
        """This worker is stopping: nobody shall think that it goes on."""
        await forget_worker(self._database, self._worker)

    def _is_news(self, key: tuple[str, str], health: ProviderHealth, now: float) -> bool:
        told = self._told.get(key)
        return told is None or told.health != health or now - told.at > _REPEAT_SECONDS
