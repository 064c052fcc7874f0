"""The providers of tenants: their settings, their secrets, how they do."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from carillon_server.domain.errors import FieldsInvalid, FieldViolation
from carillon_server.domain.provider import ProviderConfig
from carillon_server.domain.provider_health import ProviderHealth, merge_health
from carillon_server.domain.provider_kind import ProviderKindInfo
from carillon_server.services.ports import ProviderCatalog, TenantForgetter
from carillon_server.services.secret_box import SecretBox, SecretLostError
from carillon_server.storage import providers as rows
from carillon_server.storage.database import Connection, Database
from carillon_server.storage.provider_health import fetch_health
from carillon_server.storage.providers import ProviderRow

MAX_PROVIDERS = 50
_DEFAULT_TIMEOUT_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class ProviderStatus:
    """A provider, the names of its secrets, and how it does."""

    row: ProviderRow
    secret_names: tuple[str, ...]
    health: ProviderHealth | None = None
    """None: no worker told."""


class ProviderService:
    """Keeps them; each change is one transaction."""

    def __init__(
        self, database: Database, catalog: ProviderCatalog, box: SecretBox, forget: TenantForgetter
    ) -> None:
        self._database = database
        self._catalog = catalog
        self._box = box
        self._forget = forget

    def kinds(self) -> Sequence[ProviderKindInfo]:
        """All that there are, by name."""
        return self._catalog.kinds()

    async def list(self, tenant: str, *, timeout: float | None) -> Sequence[ProviderStatus]:
        """By name."""
        found = await rows.fetch_providers(self._database, [tenant], timeout=timeout)
        health = await fetch_health(self._database, tenant, timeout=timeout)
        return [
            replace(self._status(row), health=merge_health(health[row.name]) if row.name in health else None)
            for row in found
        ]

    async def put(self, config: ProviderConfig, *, timeout: float | None) -> ProviderStatus:
        """Adds it, or changes the one with its name. All its settings are in `config.settings`; secrets that
        are left out keep their values, None takes one away. Raises FIELD_INVALID.
        """

        async def work(connection: Connection) -> ProviderRow:
            await rows.lock_tenant(connection, config.tenant)
            held = await rows.lock_provider(connection, config.tenant, config.name)
            if held is None and await rows.count_providers(connection, config.tenant) >= MAX_PROVIDERS:
                raise FieldsInvalid.of("provider", f"is one more than the {MAX_PROVIDERS} of a tenant")
            return await rows.put_provider(connection, self._checked(config, held))

        row = await self._database.transaction(work, timeout_seconds=timeout or _DEFAULT_TIMEOUT_SECONDS)
        self._forget(config.tenant)
        return self._status(row)

    async def delete(self, tenant: str, name: str, *, timeout: float | None) -> None:
        """Nothing happens where there is none."""

        async def work(connection: Connection) -> bool:
            return await rows.delete_provider(connection, tenant, name)

        await self._database.transaction(work, timeout_seconds=timeout or _DEFAULT_TIMEOUT_SECONDS)
        self._forget(tenant)

    def _checked(self, config: ProviderConfig, held: ProviderRow | None) -> ProviderRow:
        # Secrets of another kind are no secrets of this one.
        kept = self._secrets(held) if held is not None and held.kind == config.kind else {}
        given = {name: value for name, value in {**kept, **config.settings}.items() if value is not None}
        try:
            checked = self._catalog.check(config.kind, config.channel, given)
        except FieldsInvalid as refused:
            raise _under_provider(refused) from None
        return ProviderRow(
            config.tenant,
            config.name,
            config.kind,
            config.channel,
            config.enabled,
            config.priority,
            config.weight,
            config.rate_per_second,
            config.burst,
            config.max_concurrency,
            dict(checked.public),
            self._seal(config, checked.secrets),
        )

    def _seal(self, config: ProviderConfig, secrets: Mapping[str, Any]) -> bytes | None:
        plain = json.dumps(dict(secrets)).encode()
        return self._box.seal(config.tenant, _purpose(config.name), plain) if secrets else None

    def _secrets(self, row: ProviderRow) -> dict[str, Any]:
        """None of them where their key is lost: they must be given again."""
        if row.sealed_secrets is None:
            return {}
        try:
            plain = self._box.open(row.tenant, _purpose(row.name), row.sealed_secrets)
        except SecretLostError:
            return {}
        secrets: dict[str, Any] = json.loads(plain)
        return secrets

    def _status(self, row: ProviderRow) -> ProviderStatus:
        return ProviderStatus(row, tuple(sorted(self._secrets(row))))


def _purpose(name: str) -> str:
    return f"provider:{name}"


def _under_provider(refused: FieldsInvalid) -> FieldsInvalid:
    return FieldsInvalid(
        [FieldViolation(f"provider.{each.field}", each.description) for each in refused.violations]
    )
