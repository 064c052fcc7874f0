"""What came of the last runs: a table for the terminal, and the one in docs/reliability.md."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Sequence
from pathlib import Path

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from tests.faults.outcome import Outcome

_PAGE = Path(__file__).resolve().parents[2] / "docs" / "reliability.md"
_COUNTS = ("promise", "sends", "kills", "cuts", "emptied", "lost", "doubled", "seconds", "seed")
_COLUMNS = (*_COUNTS, "date", "measured")
_MARKED = re.compile(r"(?<=<!-- results: begin -->\n).*?(?=<!-- results: end -->)", re.DOTALL)
_ROW = re.compile(r"\| (P\d+[^|]*?) \|.*")
_GIB = 1024**3


def print_table(outcomes: Sequence[Outcome]) -> None:
    ordered = sorted(outcomes, key=lambda each: _order(each.promise))
    table = Table(title=_machine(), box=SIMPLE, padding=0)
    for name in _COUNTS:
        table.add_column(name, no_wrap=True)
    for outcome in ordered:
        table.add_row(*_cells(outcome)[: len(_COUNTS)])
    console = Console()
    console.print(table)
    for outcome in ordered:
        if outcome.measured:
            console.print(f"{outcome.promise}: {outcome.measured}", highlight=False)


def write_page(outcomes: Sequence[Outcome]) -> None:
    """Replaces the rows of these drills; those of others stay as they are."""
    page = _PAGE.read_text()
    block = _MARKED.search(page)
    rows = {row[1]: row[0] for row in _ROW.finditer(block[0] if block else "")}
    rows |= {each.promise: f"| {' | '.join(_cells(each))} |" for each in outcomes}
    lines = [
        f"Last run of each drill, on {_machine()}; clients, servers, workers and engines share them.",
        "",
        f"| {' | '.join(_COLUMNS)} |",
        f"|{'---|' * len(_COLUMNS)}",
        *(rows[promise] for promise in sorted(rows, key=_order)),
    ]
    _PAGE.write_text(_MARKED.sub(lambda _: "\n".join(lines) + "\n", page))


def _cells(outcome: Outcome) -> list[str]:
    counts = (outcome.sends, outcome.kills, outcome.cuts, outcome.flushes, outcome.lost, outcome.doubled)
    texts = [f"{count:,}" for count in counts]
    about = [f"{outcome.seconds:.0f}", str(outcome.seed), outcome.date, outcome.measured]
    return [outcome.promise, *texts, *about]


def _order(promise: str) -> tuple[int, str]:
    number = re.search(r"\d+", promise)
    return int(number[0]) if number else 0, promise


def _machine() -> str:
    system = f"{platform.system()} {platform.machine()}"
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / _GIB
    python = f"Python {platform.python_version()}"
    return f"{system}, {os.cpu_count()} cores{_processor()}, {memory:.0f} GiB, {python}"


def _processor() -> str:
    """Its name, where the kernel tells."""
    told = Path("/proc/cpuinfo")
    name = re.search(r"model name\s*: (.+)", told.read_text()) if told.exists() else None
    return f" ({name[1].strip()})" if name else ""
