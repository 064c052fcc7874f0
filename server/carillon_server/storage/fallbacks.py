"""Chains of fallbacks: when what came before failed, the next goes out; when something arrived, the rest is
let go.

A reserve is a SCHEDULED delivery whose `begin_time` lies ahead: at infinity, or when its chain's patience
ends. All deliveries of a chain are locked before anything is decided of it, so of two that end at once the
second sees the first.
"""

from __future__ import annotations

from collections.abc import Collection

from carillon_server.domain.lane import Lane
from carillon_server.storage.database import Connection

NOT_NEEDED = "not_needed"
"""`finish_reason` of a delivery of a chain of which another channel arrived."""

_LOCK_CHAINS = """
SELECT 1 FROM delivery d JOIN unnest($1::bytea[], $2::bigint[]) AS k (inbox_id, seq)
    ON d.inbox_id = k.inbox_id AND d.seq = k.seq
WHERE d.fallback_chain > 0 ORDER BY d.inbox_id, d.seq, d.ordinal FOR UPDATE OF d
"""

# `turn`: whose turn it is, the first of which not all failed. An UNKNOWN delivery may have arrived, so it has
# not failed; what was withdrawn because of its endpoint or the person's wish for this channel has.
_ADVANCE = """
WITH chained AS (
    SELECT d.* FROM delivery d JOIN unnest($1::bytea[], $2::bigint[]) AS k (inbox_id, seq)
        ON d.inbox_id = k.inbox_id AND d.seq = k.seq
    WHERE d.fallback_chain > 0
), ranked AS (
    SELECT inbox_id, seq, fallback_chain, fallback_rank, bool_or(state = 4) AS arrived,
        bool_or(state <= 3 OR (state = 7 AND coalesce(finish_reason, '') = '{not_needed}')) AS possible,
        bool_and(state IN (5, 6)
            OR (state = 7 AND coalesce(finish_reason, '') IN ('endpoint_gone', 'opted_out'))) AS failed
    FROM chained GROUP BY inbox_id, seq, fallback_chain, fallback_rank
), chain AS (
    SELECT inbox_id, seq, fallback_chain, min(fallback_rank) FILTER (WHERE arrived) AS arrived,
        min(fallback_rank) FILTER (WHERE NOT failed) AS turn
    FROM ranked GROUP BY inbox_id, seq, fallback_chain
), decided AS (
    SELECT c.*, c.arrived IS NULL AND NOT r.possible AS stuck
    FROM chain c LEFT JOIN ranked r USING (inbox_id, seq, fallback_chain)
    WHERE r.fallback_rank = c.turn
), let_go AS (
    UPDATE delivery d SET state = 7, fence = d.fence + 1, finish_time = now(), finish_reason = '{not_needed}'
    FROM decided c
    WHERE d.inbox_id = c.inbox_id AND d.seq = c.seq AND d.fallback_chain = c.fallback_chain
        AND d.state IN (1, 3)
        AND (d.fallback_rank <> c.arrived OR c.stuck AND d.begin_time = 'infinity')
), called_up AS (
    UPDATE delivery d SET state = 1, fence = d.fence + 1, begin_time = now(), next_attempt_time = now(),
        finish_time = NULL, finish_reason = NULL
    FROM decided c
    WHERE d.inbox_id = c.inbox_id AND d.seq = c.seq AND d.fallback_chain = c.fallback_chain
        AND c.arrived IS NULL AND d.fallback_rank = c.turn AND c.turn > 0
        AND (d.state = 1 AND d.begin_time > now() OR d.state = 7 AND d.finish_reason = '{not_needed}')
    RETURNING d.lane
)
SELECT DISTINCT lane FROM called_up
""".replace("{not_needed}", NOT_NEEDED)

ChainKey = tuple[bytes, int]
"""The notification: inbox_id, seq."""


async def lock_chains(connection: Connection, keys: Collection[ChainKey]) -> None:
    """Locks all deliveries in chains of these notifications, until the transaction ends."""
    await connection.execute(_LOCK_CHAINS, *_columns(keys))


async def advance_fallbacks(connection: Connection, keys: Collection[ChainKey]) -> set[Lane]:
    """To be called after deliveries of these notifications ended, in the same transaction.

    Where all before it failed, the next rank becomes due; where one arrived, the others are cancelled.
    Returns the lanes in which something became due.
    """
    await lock_chains(connection, keys)
    return {Lane(row["lane"]) for row in await connection.fetch(_ADVANCE, *_columns(keys))}


def _columns(keys: Collection[ChainKey]) -> tuple[list[bytes], list[int]]:
    ordered = sorted(keys)
    return [inbox_id for inbox_id, _ in ordered], [seq for _, seq in ordered]
