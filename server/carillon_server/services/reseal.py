"""Seals secrets again after a rotation of keys, so that the old key can be dropped."""

from __future__ import annotations

from carillon_server.services.progress import Progress
from carillon_server.services.secret_box import SecretBox, SecretLostError, provider_purpose
from carillon_server.storage.database import Database
from carillon_server.storage.sealed_secrets import SealedSecrets, fetch_sealed, replace_sealed
from carillon_server.telemetry import get_logger

_BEGINNING = ("", "")


class ResealService:
    """Walks over all providers, a few at a time, and begins again."""

    def __init__(self, database: Database, box: SecretBox) -> None:
        self._database = database
        self._box = box
        self._after = _BEGINNING

    async def reseal(self, limit: int) -> Progress:
        """Looks at the next `limit` providers; `done` are those that were sealed again."""
        found = await fetch_sealed(self._database, self._after, limit)
        done = sum([await self._reseal(each) for each in found])
        more = len(found) == limit
        self._after = (found[-1].tenant, found[-1].provider) if more else _BEGINNING
        return Progress(done, more=more)

    async def _reseal(self, old: SealedSecrets) -> bool:
        purpose = provider_purpose(old.provider)
        if not self._box.is_stale(old.tenant, purpose, old.sealed):
            return False
        try:
            plain = self._box.open(old.tenant, purpose, old.sealed)
        except SecretLostError:
            get_logger().error("secrets.lost", tenant=old.tenant, provider=old.provider)
            return False
        return await replace_sealed(self._database, old, self._box.seal(old.tenant, purpose, plain))
