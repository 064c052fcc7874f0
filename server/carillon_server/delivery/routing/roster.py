"""The providers of one tenant, kept as they are configured."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from carillon_server.delivery.routing import metrics
from carillon_server.delivery.routing.builder import ProviderBuilder, UnusableError
from carillon_server.delivery.routing.guarded_provider import GuardedProvider
from carillon_server.domain.channel import Channel
from carillon_server.domain.delivery_settings import NO_SETTINGS, DeliverySettings
from carillon_server.domain.provider import ProviderConfig
from carillon_server.domain.provider_health import ProviderHealth
from carillon_server.storage.providers import ProviderRow
from carillon_server.telemetry import get_logger

SANDBOX = "sandbox"
"""The name of the provider that takes everything of a tenant in sandbox mode."""
_SANDBOX_KIND = "file"
_SANDBOX_CONCURRENCY = 50


@dataclass(slots=True)
class _Entry:
    row: ProviderRow
    guarded: GuardedProvider | None
    """None: it is disabled or unusable."""
    defect: str = ""


class Roster:
    """Follows the rows of its tenant: a provider stays while its settings do."""

    def __init__(
        self,
        tenant: str,
        builder: ProviderBuilder,
        discard: Callable[[GuardedProvider], None],
        fixed: Sequence[GuardedProvider] = (),
    ) -> None:
        """`discard` lets a provider go that gets no more messages; `fixed` are in no row."""
        self._tenant = tenant
        self._builder = builder
        self._discard = discard
        self._fixed = list(fixed)
        self._entries: dict[str, _Entry] = {}
        self._sandbox: GuardedProvider | None = None
        self.settings: DeliverySettings = NO_SETTINGS
        self.loaded_at: float | None = None
        """Monotonic; None: nothing is known yet."""
        self.used_at = 0.0

    @property
    def running(self) -> int:
        """Calls under way."""
        return sum(guarded.guard.running for guarded in self._all())

    def update(self, rows: Sequence[ProviderRow], settings: DeliverySettings, now: float) -> None:
        """Takes over what is stored now."""
        self.settings = settings
        self.loaded_at = now
        names = {row.name for row in rows}
        for name in [name for name in self._entries if name not in names]:
            self._drop(self._entries.pop(name).guarded)
        for row in rows:
            known = self._entries.get(row.name)
            if known is None or known.row != row:
                self._entries[row.name] = self._replace(row, known.guarded if known else None)
        self._follow_sandbox()

    def has_own(self, channel: Channel) -> bool:
        """Whether the tenant decided itself who serves this channel, if only to switch it off."""
        return any(entry.row.channel is channel for entry in self._entries.values()) or any(
            fixed.config.channel is channel for fixed in self._fixed
        )

    def on(self, channel: Channel) -> list[GuardedProvider]:
        """Those that serve the channel."""
        return [guarded for guarded in self._configured() if guarded.config.channel is channel]

    @property
    def sandbox(self) -> list[GuardedProvider]:
        """Who takes everything in sandbox mode."""
        return [self._sandbox] if self._sandbox else []

    def health(self) -> Iterator[ProviderHealth]:
        """Of those that were used, and those that cannot be."""
        for guarded in self._all():
            health = guarded.health()
            if health is not None:
                yield health
        for entry in self._entries.values():
            if entry.defect:
                yield ProviderHealth(self._tenant, entry.row.name, defect=entry.defect)

    def breakers(self) -> Iterator[tuple[str, str]]:
        """Kind and state of the breaker of each that was used."""
        for guarded in self._all():
            health = guarded.health()
            if health is not None:
                yield guarded.kind.name, health.breaker.value

    def drop_all(self) -> None:
        """Lets all providers go."""
        for guarded in list(self._all()):
            self._drop(guarded)
        self._entries.clear()
        self._fixed.clear()
        self._sandbox = None

    def _replace(self, row: ProviderRow, old: GuardedProvider | None) -> _Entry:
        guarded, defect = None, ""
        try:
            guarded = self._make(row, old) if row.enabled else None
        except UnusableError as error:
            defect = error.defect
            metrics.providers_unusable.labels(defect).inc()
            get_logger().error(
                "provider.unusable", tenant=row.tenant, provider=row.name, kind=row.kind, defect=defect
            )
        if guarded is not old:
            self._drop(old)
        return _Entry(row, guarded, defect)

    def _make(self, row: ProviderRow, old: GuardedProvider | None) -> GuardedProvider:
        config = self._builder.read(row)
        if old is None or not old.talks_as(config):
            return self._builder.build(config)
        old.reconfigure(config)
        return old

    def _follow_sandbox(self) -> None:
        if self.settings.sandbox == (self._sandbox is not None):
            return
        if not self.settings.sandbox:
            self._drop(self._sandbox)
            self._sandbox = None
            return
        config = ProviderConfig(
            self._tenant, SANDBOX, _SANDBOX_KIND, Channel.EMAIL, {}, max_concurrency=_SANDBOX_CONCURRENCY
        )
        try:
            self._sandbox = self._builder.build(config)
        except UnusableError as error:
            metrics.providers_unusable.labels(error.defect).inc()
            get_logger().error("sandbox.unusable", tenant=self._tenant, defect=error.defect)

    def _configured(self) -> Iterator[GuardedProvider]:
        yield from self._fixed
        for entry in self._entries.values():
            if entry.guarded is not None:
                yield entry.guarded

    def _all(self) -> Iterator[GuardedProvider]:
        yield from self._configured()
        yield from self.sandbox

    def _drop(self, guarded: GuardedProvider | None) -> None:
        if guarded is not None:
            self._discard(guarded)
