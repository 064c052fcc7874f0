"""Makes providers out of what is stored of them."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from typing import Any

from pydantic import ValidationError

from carillon_server.delivery.providers.provider import ProviderKind, Workshop
from carillon_server.delivery.routing.guarded_provider import GuardedProvider
from carillon_server.domain.provider import ProviderConfig
from carillon_server.services.secret_box import SecretBox, SecretLostError, provider_purpose
from carillon_server.storage.providers import ProviderRow


class UnusableError(Exception):
    """A provider cannot be used as it is configured; `defect` says why, without its settings."""

    def __init__(self, defect: str) -> None:
        super().__init__(defect)
        self.defect = defect


class ProviderBuilder:
    """Opens secrets, reads settings and builds."""

    def __init__(
        self,
        kinds: Mapping[str, ProviderKind[Any]],
        workshop: Workshop,
        box: SecretBox,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._kinds = kinds
        self._workshop = workshop
        self._box = box
        self._monotonic = monotonic

    def read(self, row: ProviderRow) -> ProviderConfig:
        """Raises `UnusableError`: `secrets_lost`."""
        return ProviderConfig(
            tenant=row.tenant,
            name=row.name,
            kind=row.kind,
            channel=row.channel,
            settings=row.settings,
            secrets=self._open(row),
            enabled=row.enabled,
            priority=row.priority,
            weight=row.weight,
            rate_per_second=row.rate_per_second,
            burst=row.burst,
            max_concurrency=row.max_concurrency,
        )

    def build(self, config: ProviderConfig) -> GuardedProvider:
        """Raises `UnusableError`: `kind_unknown`, `settings_invalid`, `build_failed`."""
        kind = self._kinds.get(config.kind)
        if kind is None:
            raise UnusableError("kind_unknown")
        try:
            settings = kind.settings.model_validate({**config.settings, **config.secrets})
        except ValidationError as error:
            raise UnusableError("settings_invalid") from error
        try:
            provider = kind.build(config.name, settings, self._workshop)
        except Exception as error:  # a kind's fault is that provider's alone
            raise UnusableError("build_failed") from error
        return GuardedProvider(config, kind, provider, self._workshop.clock, self._monotonic)

    def _open(self, row: ProviderRow) -> Mapping[str, Any]:
        if row.sealed_secrets is None:
            return {}
        try:
            plain = self._box.open(row.tenant, provider_purpose(row.name), row.sealed_secrets)
            secrets: dict[str, Any] = json.loads(plain)
        except (SecretLostError, ValueError) as error:
            raise UnusableError("secrets_lost") from error
        return secrets
