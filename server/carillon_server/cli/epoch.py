"""`carillon raise-epoch`: for operators, after a restore that the service cannot notice."""

from __future__ import annotations

import asyncio

import typer

from carillon_server.cli.processes import DatabaseUrl


def raise_epoch(database_url: DatabaseUrl) -> None:
    """Make every live stream start afresh, after the database was put back by copying its disk.

    Restores by dump or recovery, and promotions of a standby, are noticed without it.
    """
    typer.echo(f"The installation is in epoch {asyncio.run(_raise(database_url))}.", err=True)


async def _raise(database_url: str) -> int:
    from carillon_server.storage.database import Database
    from carillon_server.storage.installation import bump_installation_epoch

    database = await Database.connect(database_url, max_connections=1)
    try:
        return await bump_installation_epoch(database)
    finally:
        await database.close()
