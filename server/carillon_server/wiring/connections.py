"""Whether Postgres has room for all servers on this port."""

from __future__ import annotations

from carillon_server import telemetry
from carillon_server.config import Settings
from carillon_server.storage.connections import max_connections
from carillon_server.storage.database import Database


async def look_at_connections(database: Database, settings: Settings) -> None:
    """Says in the log where their pools together may want more connections than there are."""
    wanted = settings.server_processes * settings.database_max_connections
    there_are = await max_connections(database)
    if wanted > there_are:
        telemetry.get_logger().warning("database.connections_short", wanted=wanted, there_are=there_are)
