"""P16: under five times what it can do, the service does what it can, refuses the rest soon, and is fair."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from pathlib import Path

from tests.faults.installation import Installation
from tests.faults.load_process import Order, Tally, carried_out
from tests.faults.locks import connected
from tests.faults.options import sizes
from tests.faults.outcome import Drill

_IN_FLIGHT = 16
_WARM_UP_SECONDS = 0.5
_OVERLOAD = 5
_ENDLESS = 10_000_000
"""So that nothing else refuses calls."""
_QUIET_SHARE = 0.1
_SERVED = 0.9
"""Of what the quiet tenant asks for."""
_HELD = "SELECT coalesce(sum(total), 0) FROM inbox WHERE tenant = $1"


@dataclass(frozen=True)
class LoadSize:
    """How long capacity is measured and overload kept up, and how many people each send goes to."""

    calm_seconds: float
    overload_seconds: float
    recipients: int


@sizes(short=LoadSize(0.8, 1.6, 100), long=LoadSize(10, 40, 100))
async def test_p16_overload_is_refused_soon_and_starves_nobody(
    tmp_path: Path, drill: Drill, size: LoadSize
) -> None:
    """What the service can do is found out by callers that wait for their answers. Then a noisy tenant asks
    for five times as much whatever becomes of it, and a quiet one for a tenth. Tables grow meanwhile, so
    what the service can do is found out again afterwards.
    """
    async with Installation(tmp_path, servers=1, workers=0, writer_max_queue=_ENDLESS) as installation:
        order = Order(
            target=installation.address(0),
            token="",
            seconds=size.calm_seconds,
            recipients=size.recipients,
            seed=drill.seed,
        )
        tokens = {who: installation.token("shop", "notifications.send", tenant=who) for who in _TENANTS}
        calmly = replace(order, token=tokens["calm"], in_flight=_IN_FLIGHT)
        await carried_out(replace(calmly, seconds=_WARM_UP_SECONDS))
        calm = await carried_out(calmly)
        capacity = calm.answered / calm.seconds
        order = replace(order, seconds=size.overload_seconds)
        before = installation.vitals(0).cpu_seconds
        noisy, quiet = await asyncio.gather(
            carried_out(replace(order, token=tokens["noisy"], rate=_OVERLOAD * capacity)),
            carried_out(replace(order, token=tokens["quiet"], rate=_QUIET_SHARE * capacity)),
        )
        server_seconds = installation.vitals(0).cpu_seconds - before
        after = await carried_out(calmly)
        async with connected(installation.postgres.url) as connection:
            held = {who: int(await connection.fetchval(_HELD, who)) for who in ("noisy", "quiet")}
    assert noisy.refused > 0, "nothing was refused"
    assert noisy.bare == quiet.bare == 0, "a refusal did not say why, or when to come again"
    assert quiet.answered >= _SERVED * quiet.sent, f"the quiet tenant was starved: {quiet}"
    tallies = (("noisy", noisy), ("quiet", quiet))
    drill.finish(
        "P16",
        sends=noisy.sent + quiet.sent,
        lost=sum(max(0, tally.answered * size.recipients - held[who]) for who, tally in tallies),
        doubled=sum(max(0, held[who] - tally.possible * size.recipients) for who, tally in tallies),
        measured=_measured((capacity + after.answered / after.seconds) / 2, noisy, quiet, server_seconds),
    )


_TENANTS = ("calm", "noisy", "quiet")


def _measured(capacity: float, noisy: Tally, quiet: Tally, server_seconds: float) -> str:
    goodput = (noisy.answered + quiet.answered) / noisy.seconds / capacity
    offered = (noisy.sent + quiet.sent) / noisy.seconds / capacity
    unknown = noisy.possible + quiet.possible - noisy.answered - quiet.answered
    load_seconds = noisy.cpu_seconds + quiet.cpu_seconds
    texts = [
        f"{capacity:.0f} sends/s before and after",
        f"{offered:.1f} times that offered",
        f"goodput {goodput:.0%}",
        f"refused {noisy.refused}, p99 {_ms(noisy.refusal_seconds)}",
        f"quiet tenant {quiet.answered / quiet.sent:.1%} served, p99 {_ms(quiet.answer_seconds)}",
        f"noisy one p99 {_ms(noisy.answer_seconds)}, {unknown} without an answer",
        f"of a core: server {server_seconds / noisy.seconds:.0%}, load {load_seconds / noisy.seconds:.0%}",
    ]
    return ", ".join(texts)


def _ms(percentiles: list[float]) -> str:
    return f"{percentiles[1] * 1000:.0f} ms" if percentiles else "-"
