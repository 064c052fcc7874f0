"""Copies of the data of a Postgres, and how they are put back."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
from pathlib import Path

from tests.faults.installation import Installation

_CLUSTER = "cluster"


def _copy(source: Path, target: Path) -> None:
    # The files belong to whoever Postgres runs as.
    subprocess.run(["cp", "-a", source, target], check=True)


async def back_up(installation: Installation, copy: Path) -> None:
    """Of all that is committed by now."""
    async with installation.postgres_stopped():
        await asyncio.to_thread(_copy, installation.postgres.directory / _CLUSTER, copy)


async def restore(installation: Installation, copy: Path, *, recover: bool) -> None:
    """Puts it in the place of what is there: by a recovery, which Postgres knows of, or as a mere copy."""
    cluster = installation.postgres.directory / _CLUSTER
    async with installation.postgres_stopped():
        await asyncio.to_thread(shutil.rmtree, cluster)
        await asyncio.to_thread(_copy, copy, cluster)
        if recover:
            with (cluster / "postgresql.auto.conf").open("a") as settings:
                settings.write("restore_command = 'false'\n")
            (cluster / "recovery.signal").touch()
