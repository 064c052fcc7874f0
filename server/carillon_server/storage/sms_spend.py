"""What tenants spent on text messages, per day in UTC by the database's clock."""

from __future__ import annotations

from datetime import date

from carillon_server.storage.database import Database

# One statement asks and takes: of two that fit only alone, the second sees what the first took.
_RESERVE = """
INSERT INTO sms_spend AS s (tenant, day, amount_micros, segments)
SELECT $1, (now() AT TIME ZONE 'UTC')::date, $2::bigint, $3::bigint
WHERE $4::bigint IS NULL OR $2::bigint <= $4::bigint
ON CONFLICT (tenant, day) DO UPDATE
SET amount_micros = s.amount_micros + excluded.amount_micros, segments = s.segments + excluded.segments
WHERE $4::bigint IS NULL OR s.amount_micros + excluded.amount_micros <= $4::bigint
RETURNING day
"""
_REFUND = """
UPDATE sms_spend SET amount_micros = amount_micros - $3, segments = segments - $4
WHERE tenant = $1 AND day = $2
"""


async def reserve(
    database: Database, tenant: str, segments: int, amount_micros: int, cap_micros: int | None
) -> date | None:
    """The day that it was written to; None where it would go beyond the cap."""
    row = await database.fetchrow(_RESERVE, tenant, amount_micros, segments, cap_micros)
    return row["day"] if row else None


async def refund(database: Database, tenant: str, day: date, segments: int, amount_micros: int) -> None:
    """Takes a reservation back."""
    async with database.connection() as connection:
        await connection.execute(_REFUND, tenant, day, amount_micros, segments)
