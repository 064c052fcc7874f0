"""A worker in a process of its own, to be killed: `worker_process.py DATABASE_URL REDIS_URL SMTP_URL`."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.delivery.house import House


async def main(database_url: str, redis_url: str, smtp_url: str) -> None:
    async with (
        House.open(database_url, redis_url, smtp_url=smtp_url, worker_concurrency=5) as house,
        house.working(),
    ):
        await asyncio.Event().wait()


asyncio.run(main(*sys.argv[1:]))
