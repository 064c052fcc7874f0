"""Where recipients can be reached."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from carillon_server.domain.channel import Channel
from carillon_server.domain.push_address import stored_platform
from carillon_server.domain.recipient import Endpoint, Verification
from carillon_server.storage.database import Connection, Record, column

COLUMNS = "endpoint_id, address, label, platform, create_time, verification, verify_time"
"""What `read_endpoint` reads."""

_LIST = f"""
SELECT {COLUMNS} FROM endpoint WHERE inbox_id = $1 AND retire_time IS NULL ORDER BY create_time, endpoint_id
"""

_LIST_IDS = """
SELECT inbox_id, endpoint_id FROM endpoint WHERE inbox_id = ANY ($1::bytea[]) AND retire_time IS NULL
"""

# Adding a retired endpoint again brings it back: the person says that it works. From then on it counts as
# registered, so what a push service says about the time before does not retire it.
_PUT = f"""
INSERT INTO endpoint AS e (inbox_id, endpoint_id, address, label, platform, verification, verify_time)
SELECT a.inbox_id, a.endpoint_id, a.address, a.label, a.platform,
    coalesce(a.verification, {Verification.UNVERIFIED}), CASE WHEN a.verification IS NOT NULL THEN now() END
FROM unnest($1::bytea[], $2::bytea[], $3::text[], $4::text[], $5::smallint[], $6::smallint[])
    AS a (inbox_id, endpoint_id, address, label, platform, verification)
ON CONFLICT (inbox_id, endpoint_id) DO UPDATE
SET label = CASE WHEN excluded.label = '' THEN e.label ELSE excluded.label END,
    platform = excluded.platform, register_time = now(), retire_time = NULL, retire_reason = NULL,
    verification = CASE WHEN excluded.verify_time IS NULL THEN e.verification ELSE excluded.verification END,
    verify_time = coalesce(excluded.verify_time, e.verify_time)
RETURNING {COLUMNS}
"""

_DELETE = f"""
DELETE FROM endpoint
WHERE inbox_id = $1 AND endpoint_id = $2 AND ($3 OR verification <> {Verification.FAILED})
"""
_RETIRE = """
UPDATE endpoint SET retire_time = now(), retire_reason = 'removed'
WHERE inbox_id = $1 AND endpoint_id = $2 AND retire_time IS NULL
"""


async def fetch_endpoints(connection: Connection, inbox_id: bytes) -> Sequence[Endpoint]:
    """Those that are not retired, oldest first."""
    return [read_endpoint(row) for row in await connection.fetch(_LIST, inbox_id)]


async def fetch_endpoint_ids(
    connection: Connection, inbox_ids: Collection[bytes]
) -> dict[bytes, frozenset[bytes]]:
    """Those that are not retired, for every one of these inboxes."""
    known: dict[bytes, set[bytes]] = {inbox_id: set() for inbox_id in inbox_ids}
    for row in await connection.fetch(_LIST_IDS, list(known)):
        known[row["inbox_id"]].add(row["endpoint_id"])
    return {inbox_id: frozenset(ids) for inbox_id, ids in known.items()}


async def put_endpoints(
    connection: Connection, endpoints: Iterable[tuple[bytes, Endpoint]]
) -> Sequence[Endpoint]:
    """Adds endpoints of inboxes that the transaction has locked, or changes their label, platform and
    verification; they count as registered now. Each at most once. In no particular order.
    """
    rows = [
        (inbox_id, each.raw_id, each.address, each.label, each.platform, each.verification)
        for inbox_id, each in endpoints
    ]
    if not rows:
        return []
    found = await connection.fetch(_PUT, *(column(rows, index) for index in range(6)))
    return [read_endpoint(row) for row in found]


async def delete_endpoint(
    connection: Connection, inbox_id: bytes, endpoint_id: bytes, *, vouched: bool
) -> None:
    """One that is known not to be theirs is only retired where nobody vouches for the deletion: added again,
    it must not count as one that nobody has checked.
    """
    await connection.execute(_DELETE, inbox_id, endpoint_id, vouched)
    if not vouched:
        await connection.execute(_RETIRE, inbox_id, endpoint_id)


def read_endpoint(row: Record) -> Endpoint:
    """A row that has `COLUMNS`."""
    channel, address = Channel(row["endpoint_id"][0]), row["address"]
    return Endpoint(
        channel,
        address,
        row["label"],
        row["create_time"],
        stored_platform(channel, row["platform"], address),
        Verification(row["verification"]),
        row["verify_time"],
    )
