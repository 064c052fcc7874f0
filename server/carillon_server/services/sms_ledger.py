"""What text messages may cost a tenant, and what they did cost it today."""

from __future__ import annotations

from carillon_server.domain.delivery_settings import NO_SETTINGS, SmsLimits
from carillon_server.domain.errors import Refusal
from carillon_server.services.expiring_cache import ExpiringCache
from carillon_server.services.ports import SmsReservation
from carillon_server.storage.database import Database
from carillon_server.storage.delivery_settings import fetch_settings
from carillon_server.storage.sms_spend import refund, reserve
from carillon_server.telemetry import get_logger

_LIMITS_SECONDS = 2.0
_MAX_TENANTS = 10_000


class StoredSmsLedger:
    """Keeps the account in Postgres, so that all workers share it."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._limits: ExpiringCache[str, SmsLimits] = ExpiringCache(_MAX_TENANTS)

    async def limits_of(self, tenant: str) -> SmsLimits:
        """At most two seconds old."""
        limits = self._limits.get(tenant)
        if limits is None:
            settings = await fetch_settings(self._database, [tenant])
            limits = settings.get(tenant, NO_SETTINGS).sms
            self._limits.put(tenant, limits, _LIMITS_SECONDS)
        return limits

    async def reserve(self, tenant: str, segments: int, amount_micros: int) -> SmsReservation | None:
        """Takes the amount before the call: what a worker that dies in between leaves behind stays spent."""
        cap = (await self.limits_of(tenant)).daily_spend_cap_micros
        day = await reserve(self._database, tenant, segments, amount_micros, cap)
        return SmsReservation(tenant, day, segments, amount_micros) if day else None

    async def refund(self, reservation: SmsReservation) -> None:
        """Where Postgres is away the amount stays spent: a cap may be reached too early, never too late."""
        taken = reservation
        try:
            await refund(self._database, taken.tenant, taken.day, taken.segments, taken.amount_micros)
        except Refusal as refusal:
            get_logger().warning("sms.refund_failed", tenant=taken.tenant, reason=refusal.reason)
