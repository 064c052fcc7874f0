"""Each attack against a server of its own, beside ordinary calls: `python -m tests.fuzz [NAME…]`.

Ordinary calls are measured alone, beside a neighbour that only takes as much of the processor, and beside the
attack: what the attack does beyond the neighbour is the server's weakness. They come by the address that is
attacked, and by the inner one.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from carillon_server.domain.identity import Role
from carillon_server.embedded.ports import free_port
from carillon_server.embedded.postgres import Postgres
from carillon_server.embedded.valkey import Valkey
from carillon_server.storage.migrate import upgrade
from tests.engines import started
from tests.fuzz.assault import assault
from tests.fuzz.attacks.catalog import ATTACKS
from tests.fuzz.attacks.connections import a_busy_neighbour
from tests.fuzz.beside import ordinary_calls
from tests.fuzz.outcome import Outcome, keep, table, write_page
from tests.fuzz.service import Service, running_service

_P99 = 0.99
_NEIGHBOUR = a_busy_neighbour.__name__


def main(arguments: Sequence[str]) -> None:
    chosen = _parse(arguments)
    with tempfile.TemporaryDirectory(prefix="carillon-fuzz-") as name:
        directory = Path(name)
        with (
            started(Postgres(directory / "postgres")) as postgres,
            started(Valkey(directory / "valkey")) as valkey,
        ):
            upgrade(postgres.url)
            for attack in chosen.attacks or (each for each in ATTACKS if each != _NEIGHBOUR):
                # What one attack leaves behind is not the next one's.
                inner = free_port()
                with running_service(
                    postgres.url, valkey.url, directory, grpc_inner_address=f"127.0.0.1:{inner}"
                ) as service:
                    outcome = asyncio.run(_measure(service, inner, attack, chosen.seconds, chosen.share))
                    print(*table([outcome])[-1:], *service.complaints()[:5], sep="\n", flush=True)
                if chosen.write:
                    keep(outcome)
    if chosen.write:
        write_page(chosen.share)


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("attacks", nargs="*", metavar="NAME", help="all, if none is named")
    parser.add_argument("--seconds", type=float, default=3.0, help="of each measurement")
    parser.add_argument("--share", type=float, default=0.25, help="of one processor, for the attacker")
    parser.add_argument("--write", action="store_true", help="put the figures into the page")
    return parser.parse_args(arguments)


async def _measure(service: Service, inner: int, attack: str, seconds: float, share: float) -> Outcome:
    token = service.issuer.token("acme", "mallory", [Role.USER])
    await ordinary_calls(service, 0.5)
    alone = await ordinary_calls(service, seconds)
    async with assault(service, [_NEIGHBOUR], seconds, token, share):
        neighbour = await ordinary_calls(service, seconds)
    taken = service.processor_seconds()
    async with assault(service, [attack], seconds, token, share) as done:
        beside = await ordinary_calls(service, seconds)
        taken = service.processor_seconds() - taken
    async with assault(service, [attack], seconds, token, share):
        within = await ordinary_calls(replace(service, port=inner), seconds)
    return Outcome(
        attack,
        per_second=done.done / seconds,
        alone_ms=alone.quantile_ms(_P99),
        neighbour_ms=neighbour.quantile_ms(_P99),
        beside_ms=beside.quantile_ms(_P99),
        within_ms=within.quantile_ms(_P99),
        within_failed=len(within.refusals),
        calls=len(beside.seconds) + len(beside.refusals),
        failed=len(beside.refusals),
        processor_share=taken / seconds,
        peak_mib=service.peak_mib(),
    )


main(sys.argv[1:])
