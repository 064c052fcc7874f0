"""A worker in a process of its own, to be killed: `worker_process.py DATABASE_URL REDIS_URL SMTP_URL [TRAPS]`

With TRAPS, a directory, some addresses are the end of it: see `Traps`.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from carillon_server.delivery.channels import installation_providers
from carillon_server.delivery.providers.provider import Message, Provider
from carillon_server.delivery.routing.wiring import build_workshop
from carillon_server.domain.channel import Channel
from carillon_server.domain.outcome import Outcome
from tests.delivery.house import FAST, House, utc_now

THREE_TIMES = replace(FAST, max_attempts=3)


class Traps:
    """A provider that takes its worker down: `exit@…` every time, `before@…` once before the mail is handed
    over, `after@…` once when it was, before anybody knows.
    """

    def __init__(self, provider: Provider, directory: Path) -> None:
        self.name = provider.name
        self._provider = provider
        self._directory = directory

    async def send(self, message: Message) -> Outcome:
        trap = message.address.partition("@")[0]
        if trap == "exit":
            os._exit(3)
        if trap == "before":
            self._kill_once(trap)
        outcome = await self._provider.send(message)
        if trap == "after":
            self._kill_once(trap)
        return outcome

    async def close(self) -> None:
        await self._provider.close()

    def _kill_once(self, trap: str) -> None:
        marker = self._directory / trap
        if not marker.exists():
            marker.touch()
            os.kill(os.getpid(), signal.SIGKILL)


async def main(database_url: str, redis_url: str, smtp_url: str, traps: str = "") -> None:
    settings = {"lease_seconds": 1.0, "worker_concurrency": 30} if traps else {"worker_concurrency": 5}
    async with House.open(database_url, redis_url, smtp_url=smtp_url, **settings) as house:
        providers = None
        if traps:
            (relay,) = installation_providers(house.settings, build_workshop(house.settings, utc_now))
            providers = {Channel.EMAIL: Traps(relay.provider, Path(traps))}
        async with house.working(providers, THREE_TIMES if traps else FAST):
            await asyncio.Event().wait()


asyncio.run(main(*sys.argv[1:]))
