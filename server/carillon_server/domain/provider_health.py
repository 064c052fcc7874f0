"""How a provider does, as the workers that use it see it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from carillon_server.domain.breaker import BreakerState

_WORST_FIRST = (BreakerState.OPEN, BreakerState.HALF_OPEN, BreakerState.CLOSED)


@dataclass(frozen=True, slots=True)
class ProviderHealth:
    """One provider of one tenant: in one worker, or in all of them together."""

    tenant: str
    name: str
    workers: int = 1
    """How many of them use it."""
    defect: str = ""
    """Why it cannot be used at all: `kind_unknown`, `settings_invalid`, `secrets_lost`, `build_failed`."""
    breaker: BreakerState = BreakerState.CLOSED
    open_until_time: datetime | None = None
    """When an open breaker lets the next call through."""
    paused_until_time: datetime | None = None
    """The provider asked to be left alone until then."""
    consecutive_failures: int = 0
    tokens: float | None = None
    """Calls that the rate allows right now; None: no limit."""
    running: int = 0
    max_concurrency: int = 0
    sent: int = 0
    """Messages taken within `rolling_count.WINDOW_SECONDS`."""
    failed: int = 0
    """Messages not taken, for whatever reason, in that time."""
    last_success_time: datetime | None = None
    last_error_time: datetime | None = None
    last_error_class: str = ""


def merge_health(parts: Iterable[ProviderHealth]) -> ProviderHealth:
    """What several workers (at least one) say of the same provider, as one."""
    all_parts = list(parts)
    last_failed = max(all_parts, key=lambda part: _order(part.last_error_time))
    tokens = [part.tokens for part in all_parts if part.tokens is not None]
    return ProviderHealth(
        tenant=last_failed.tenant,
        name=last_failed.name,
        workers=sum(part.workers for part in all_parts),
        defect=next((part.defect for part in all_parts if part.defect), ""),
        breaker=min((part.breaker for part in all_parts), key=_WORST_FIRST.index),
        open_until_time=_latest(part.open_until_time for part in all_parts),
        paused_until_time=_latest(part.paused_until_time for part in all_parts),
        consecutive_failures=max(part.consecutive_failures for part in all_parts),
        tokens=sum(tokens) if tokens else None,
        running=sum(part.running for part in all_parts),
        max_concurrency=sum(part.max_concurrency for part in all_parts),
        sent=sum(part.sent for part in all_parts),
        failed=sum(part.failed for part in all_parts),
        last_success_time=_latest(part.last_success_time for part in all_parts),
        last_error_time=last_failed.last_error_time,
        last_error_class=last_failed.last_error_class,
    )


def dump_health(health: ProviderHealth) -> dict[str, Any]:
    """As JSON can carry it; without tenant and name, which are the key."""
    return {
        "defect": health.defect,
        "breaker": health.breaker.value,
        "open_until_time": _dump_time(health.open_until_time),
        "paused_until_time": _dump_time(health.paused_until_time),
        "consecutive_failures": health.consecutive_failures,
        "tokens": health.tokens,
        "running": health.running,
        "max_concurrency": health.max_concurrency,
        "sent": health.sent,
        "failed": health.failed,
        "last_success_time": _dump_time(health.last_success_time),
        "last_error_time": _dump_time(health.last_error_time),
        "last_error_class": health.last_error_class,
    }


def load_health(tenant: str, name: str, document: Mapping[str, Any]) -> ProviderHealth:
    """The inverse of `dump_health`, of one worker."""
    return ProviderHealth(
        tenant=tenant,
        name=name,
        defect=document["defect"],
        breaker=BreakerState(document["breaker"]),
        open_until_time=_load_time(document["open_until_time"]),
        paused_until_time=_load_time(document["paused_until_time"]),
        consecutive_failures=document["consecutive_failures"],
        tokens=document["tokens"],
        running=document["running"],
        max_concurrency=document["max_concurrency"],
        sent=document["sent"],
        failed=document["failed"],
        last_success_time=_load_time(document["last_success_time"]),
        last_error_time=_load_time(document["last_error_time"]),
        last_error_class=document["last_error_class"],
    )


def _latest(times: Iterable[datetime | None]) -> datetime | None:
    return max((time for time in times if time is not None), default=None)


def _order(time: datetime | None) -> float:
    return time.timestamp() if time else 0.0


def _dump_time(time: datetime | None) -> str | None:
    return time.isoformat() if time else None


def _load_time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
