"""Every attack against one server, beside ordinary calls: `python -m tests.fuzz [SECONDS [NAME…]]`."""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from pathlib import Path

from carillon_server.domain.identity import Role
from carillon_server.embedded.postgres import Postgres
from carillon_server.embedded.valkey import Valkey
from carillon_server.storage.migrate import upgrade
from tests.engines import started
from tests.fuzz.assault import assault
from tests.fuzz.attacks.catalog import ATTACKS
from tests.fuzz.beside import Beside, ordinary_calls
from tests.fuzz.service import Service, running_service

_HEAD = """\
| attack | done | p50, ms | p99 | p50 beside | p99 beside | ratio | failed | settled, s | MiB at most |
|---|---|---|---|---|---|---|---|---|---|"""


def main(arguments: list[str]) -> None:
    seconds = float(arguments[0]) if arguments else 3.0
    print(_HEAD)
    with tempfile.TemporaryDirectory(prefix="carillon-fuzz-") as name:
        directory = Path(name)
        with (
            started(Postgres(directory / "postgres")) as postgres,
            started(Valkey(directory / "valkey")) as valkey,
        ):
            upgrade(postgres.url)
            for attack in arguments[1:] or list(ATTACKS):
                with running_service(postgres.url, valkey.url, directory) as service:
                    asyncio.run(_measure(service, seconds, attack))


async def _measure(service: Service, seconds: float, name: str) -> None:
    """Each attack meets a fresh server: what one leaves behind is not the next one's."""
    await ordinary_calls(service, 0.5)
    before = await ordinary_calls(service, seconds)
    token = service.issuer.token("acme", "mallory", [Role.USER])
    async with assault(service, [name], seconds, token) as done:
        beside = await ordinary_calls(service, seconds)
    ended = time.monotonic()
    await ordinary_calls(service, 0.0)
    again = time.monotonic() - ended
    print(_row(name, done.done, beside, before, again, service), flush=True)
    for complaint in service.complaints()[:5]:
        print(complaint)


def _row(name: str, done: int, beside: Beside, before: Beside, again: float, service: Service) -> str:
    quantiles = [calls.quantile_ms(share) for calls in (before, beside) for share in (0.5, 0.99)]
    ratio = quantiles[3] / quantiles[1]
    times = " | ".join(f"{ms:.1f}" for ms in quantiles)
    refused, mib = len(beside.refusals), service.peak_mib()
    spoken = name.replace("_", " ")
    return f"| {spoken} | {done:,} | {times} | {ratio:.1f} | {refused} | {again:.1f} | {mib:.0f} |"


main(sys.argv[1:])
