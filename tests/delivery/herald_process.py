"""A worker that fans out in small steps, to be killed: `herald_process.py DATABASE_URL REDIS_URL`."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from carillon_server.services import fan_out
from tests.delivery.house import House


async def main(database_url: str, redis_url: str) -> None:
    fan_out.CHUNK_SIZE = 20
    async with House.open(database_url, redis_url, lease_seconds=1.0) as house, house.working():
        await asyncio.Event().wait()


asyncio.run(main(*sys.argv[1:]))
