"""The epoch of this installation: part of every cursor, so that versions given out twice are told apart.

A database that was restored from a backup, or a standby promoted before it had everything, goes on from an
older state: versions that readers have seen are given out again, for other changes. Every such way gives the
cluster another system identifier (dump and restore) or another timeline (recovery, promotion); both are
remembered here, and when they differ from those of the server, the epoch is raised and every reader starts
afresh. A copy of the disk put back shows neither: operators raise the epoch themselves.
"""

from __future__ import annotations

from dataclasses import dataclass

import asyncpg

from carillon_server.storage.database import Connection, Database, Record

_TIMEOUT_SECONDS = 2.0

_READ = "SELECT epoch, system_identifier, timeline FROM installation WHERE id = 1"

# The first eight digits of a WAL file's name are the timeline; the control file learns of it only at the next
# checkpoint.
_IDENTIFY = """
SELECT (SELECT system_identifier FROM pg_control_system()) AS system_identifier,
    ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int AS timeline
"""

# Seconds since 1970 at least: an epoch raised after the backup was taken must not come again.
_RAISED = "greatest(installation.epoch + 1, extract(epoch FROM clock_timestamp())::bigint)"

_RECORD = f"""
INSERT INTO installation (id, epoch, system_identifier, timeline)
VALUES (1, extract(epoch FROM clock_timestamp())::bigint, $1, $2)
ON CONFLICT (id) DO UPDATE
SET epoch = {_RAISED}, system_identifier = excluded.system_identifier, timeline = excluded.timeline
WHERE (installation.system_identifier, installation.timeline)
    IS DISTINCT FROM (excluded.system_identifier, excluded.timeline)
"""

_BUMP = f"UPDATE installation SET epoch = {_RAISED} WHERE id = 1 RETURNING epoch"


@dataclass(frozen=True, slots=True)
class ServerIdentity:
    """Which history of which Postgres cluster answers."""

    system_identifier: int
    timeline: int


_DOES_NOT_TELL = (
    asyncpg.InsufficientPrivilegeError,
    asyncpg.UndefinedFunctionError,
    asyncpg.ObjectNotInPrerequisiteStateError,  # a standby
)

UNKNOWN_SERVER = ServerIdentity(0, 0)
"""Of a Postgres that does not tell, as some managed ones: its epoch is raised by operators alone."""


class Installation:
    """The epoch as last read. Any number of processes may notice a change; it is raised once."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.epoch = 0
        """0 until the first `refresh`."""

    async def refresh(self) -> bool:
        """Reads the epoch, and raises it where another history answers. Whether it changed."""
        before = self.epoch
        async with self._database.connection() as connection:
            identity = await identify_server(connection)
            row = await connection.fetchrow(_READ, timeout=_TIMEOUT_SECONDS)
            if row is None or _differs(row, identity):
                await connection.execute(_RECORD, identity.system_identifier, identity.timeline)
                row = await connection.fetchrow(_READ)
        if row is None:
            raise LookupError("the installation has no row after it was written")
        self.epoch = row["epoch"]
        return self.epoch != before


async def bump_installation_epoch(database: Database) -> int:
    """For operators, after a restore that cannot be noticed: every reader starts afresh. The new epoch."""
    await Installation(database).refresh()

    async def bump(connection: Connection) -> int:
        return int(await connection.fetchval(_BUMP))

    return await database.transaction(bump)


async def identify_server(connection: Connection) -> ServerIdentity:
    """What the server says of itself."""
    try:
        row = await connection.fetchrow(_IDENTIFY, timeout=_TIMEOUT_SECONDS)
    except _DOES_NOT_TELL:
        return UNKNOWN_SERVER
    return ServerIdentity(row["system_identifier"], row["timeline"]) if row else UNKNOWN_SERVER


def _differs(row: Record, identity: ServerIdentity) -> bool:
    if identity == UNKNOWN_SERVER:
        return False
    return identity != ServerIdentity(row["system_identifier"], row["timeline"])
