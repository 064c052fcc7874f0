"""`make bench`: prints one table, writes `benchmarks/results.json` and the table in `docs/performance.md`.

`python -m benchmarks unary bulk` measures these alone; the other lines stay as they were.
"""

from __future__ import annotations

import asyncio
import json
import os
import platform
import re
import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import uvloop
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from benchmarks.broadcasts import broadcasts
from benchmarks.claims import claims
from benchmarks.deliveries import first_call, mails, webhooks
from benchmarks.fan_out import fan_out
from benchmarks.figure import Figure
from benchmarks.figures import bulk, lone_sender, prepare, unary
from benchmarks.live_latency import live_latency
from benchmarks.long_inbox import long_inbox
from benchmarks.reconnect_storm import reconnect_storm
from benchmarks.service import Service, running_service
from benchmarks.several import several_processes
from benchmarks.streams import streams

_ROOT = Path(__file__).resolve().parents[1]
_RESULTS = _ROOT / "benchmarks" / "results.json"
_PAGE = _ROOT / "docs" / "performance.md"
# Claims come last: they clear the tables.
_MEASUREMENTS = (
    unary,
    lone_sender,
    several_processes,
    bulk,
    long_inbox,
    streams,
    live_latency,
    fan_out,
    reconnect_storm,
    first_call,
    mails,
    webhooks,
    broadcasts,
    claims,
)
_COLUMNS = ("figure", "ours", "limit", "unit", "ratio", "target")
_MARKED = re.compile(r"(?<=<!-- results: begin -->\n).*?(?=<!-- results: end -->)", re.DOTALL)


async def _measure(service: Service) -> list[Figure]:
    figures: list[Figure] = []
    chosen = [each for each in _MEASUREMENTS if each.__name__ in sys.argv[1:]] or _MEASUREMENTS
    with Progress() as progress:
        steps = progress.add_task("measuring", total=len(chosen) + 1)
        await prepare(service)
        progress.advance(steps)
        for measurement in chosen:
            figures += await measurement(service)
            # Minutes of measuring are not lost with what comes after.
            _write(_with_others(figures))
            progress.advance(steps)
    return figures


def _cells(figure: Figure) -> Sequence[str]:
    return (
        figure.name,
        f"{figure.ours:,.2f}" if figure.unit in ("ms", "s") else f"{figure.ours:,.0f}",
        f"{figure.limit:,.2f}" if figure.unit in ("ms", "s") else f"{figure.limit:,.0f}",
        figure.unit,
        f"{figure.ratio:.2f}",
        figure.target,
    )


def _machine() -> str:
    system = f"{platform.system()} {platform.machine()}"
    return f"{system}, {os.cpu_count()} cores, Python {platform.python_version()}"


def _print(figures: Sequence[Figure]) -> None:
    table = Table(*_COLUMNS, title=_machine())
    for figure in figures:
        table.add_row(*_cells(figure))
    Console().print(table)


def _write(figures: Sequence[Figure]) -> None:
    now = datetime.now(UTC).date().isoformat()
    results = {"date": now, "machine": _machine(), "figures": [figure.as_json() for figure in figures]}
    _RESULTS.write_text(json.dumps(results, indent=2, ensure_ascii=False) + "\n")
    lines = [f"Measured {now} on {_machine()}; client, server and Postgres share the cores.", ""]
    lines += [f"| {' | '.join(_COLUMNS)} |", f"|{'---|' * len(_COLUMNS)}"]
    lines += [f"| {' | '.join(_cells(figure))} |" for figure in figures]
    _PAGE.write_text(_MARKED.sub("\n".join(lines).replace("\\", "\\\\") + "\n", _PAGE.read_text()))


def main() -> None:
    with (
        tempfile.TemporaryDirectory(prefix="carillon-bench-") as directory,
        running_service(Path(directory)) as service,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        figures = runner.run(_measure(service))
    _print(figures)
    _write(_with_others(figures) if sys.argv[1:] else figures)


def _with_others(measured: Sequence[Figure]) -> list[Figure]:
    before = [Figure(**each) for each in json.loads(_RESULTS.read_text())["figures"]]
    lines = {figure.name: figure for figure in (*before, *measured)}
    return list(lines.values())


main()
