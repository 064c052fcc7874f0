"""What became of attempts.

Whoever writes a result names the fence of its claim; a stale one changes nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from carillon_server.domain.delivery import DeliveryState
from carillon_server.domain.ids import DeliveryId
from carillon_server.domain.lane import Lane
from carillon_server.storage.database import Connection, column
from carillon_server.storage.deliveries import Claim, key_of
from carillon_server.storage.fallbacks import advance_fallbacks, lock_chains

# An endpoint that was put again after it is said to have gone lives.
_RECORD = """
WITH recorded AS (
    UPDATE delivery d SET state = r.state, lease_expire_time = NULL, finish_reason = r.reason,
        finish_time = CASE WHEN r.delay_seconds IS NULL THEN now() END,
        next_attempt_time = now() + coalesce(r.delay_seconds, 0) * interval '1 second',
        uncounted_attempts = d.uncounted_attempts + CASE WHEN r.counted THEN 0 ELSE 1 END,
        tried = CASE WHEN r.also_tried IS NULL THEN '{}' ELSE d.tried || r.also_tried END
    FROM unnest($1::bytea[], $2::bigint[], $3::smallint[], $4::bigint[], $5::integer[], $6::smallint[],
        $7::float8[], $8::text[], $9::text[], $10::text[], $11::text[], $12::text[], $13::boolean[],
        $14::timestamptz[], $15::boolean[], $16::text[])
        AS r (inbox_id, seq, ordinal, fence, number, state, delay_seconds, reason, outcome,
            provider_message_id, error_class, error_detail, endpoint_gone, gone_as_of, counted, also_tried)
    WHERE d.inbox_id = r.inbox_id AND d.seq = r.seq AND d.ordinal = r.ordinal AND d.fence = r.fence
        AND d.state = 2
    RETURNING r.*, d.endpoint_id
), attempted AS (
    UPDATE attempt a SET end_time = now(), outcome = r.outcome, provider_message_id = r.provider_message_id,
        error_class = r.error_class, error_detail = r.error_detail,
        next_attempt_time = now() + r.delay_seconds * interval '1 second'
    FROM recorded r
    WHERE a.inbox_id = r.inbox_id AND a.seq = r.seq AND a.ordinal = r.ordinal AND a.number = r.number
), retired AS (
    UPDATE endpoint e SET retire_time = now(), retire_reason = r.error_class
    FROM recorded r
    WHERE r.endpoint_gone AND e.inbox_id = r.inbox_id AND e.endpoint_id = r.endpoint_id
        AND e.retire_time IS NULL AND e.register_time <= coalesce(r.gone_as_of, now())
)
SELECT inbox_id, seq, ordinal FROM recorded
"""
_COLUMNS = 16


@dataclass(frozen=True, slots=True)
class AttemptResult:
    """What an attempt came to, and what the delivery becomes."""

    claim: Claim
    state: DeliveryState
    outcome: str
    delay_seconds: float | None = None
    """Until the next attempt; None: there is none."""
    reason: str | None = None
    """Why the delivery ended; None: it goes on, or was delivered."""
    provider_message_id: str | None = None
    error_class: str | None = None
    error_detail: str | None = None
    endpoint_gone: bool = False
    gone_as_of: datetime | None = None
    counted: bool = True
    """It was a try."""
    failed_over: bool = False
    """The next attempt passes this provider over."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """What a group of results came to."""

    ids: frozenset[DeliveryId]
    """Whose claims still held."""
    called_up: frozenset[Lane]
    """Lanes in which fallbacks are due now."""


async def record(connection: Connection, results: Sequence[AttemptResult]) -> Recorded:
    """Writes results of claims that still hold, and calls up or lets go the fallbacks of what they end."""
    chains = {(r.claim.id.inbox_id, r.claim.id.seq) for r in results if r.claim.chained}
    if chains:
        await lock_chains(connection, chains)
    rows = [_row(result) for result in results]
    recorded = await connection.fetch(_RECORD, *(column(rows, index) for index in range(_COLUMNS)))
    called_up: Collection[Lane] = await advance_fallbacks(connection, chains) if chains else ()
    ids = frozenset(DeliveryId(row["inbox_id"], row["seq"], row["ordinal"]) for row in recorded)
    return Recorded(ids, frozenset(called_up))


def _row(result: AttemptResult) -> tuple[object, ...]:
    return (
        *key_of(result.claim.id),
        result.claim.fence,
        result.claim.number,
        result.state,
        result.delay_seconds,
        result.reason,
        result.outcome,
        result.provider_message_id,
        result.error_class,
        result.error_detail,
        result.endpoint_gone,
        result.gone_as_of,
        result.counted,
        result.claim.provider if result.failed_over else None,
    )
