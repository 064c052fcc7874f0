"""`make drill`: the long drills, one line each; a table at the end, and the one in docs/reliability.md."""

from __future__ import annotations

import os
import platform
import random
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.faults.outcome import Outcome, read_outcomes

_ROOT = Path(__file__).resolve().parents[2]
_PAGE = _ROOT / "docs" / "reliability.md"
_COLUMNS = (
    *("promise", "sends", "kills", "cuts", "emptied", "lost", "doubled"),
    *("seconds", "seed", "date", "measured"),
)
_MARKED = re.compile(r"(?<=<!-- results: begin -->\n).*?(?=<!-- results: end -->)", re.DOTALL)
_HIGHEST_SEED = 1_000_000


def _cells(outcome: Outcome) -> list[str]:
    counts = (outcome.sends, outcome.kills, outcome.cuts, outcome.flushes, outcome.lost, outcome.doubled)
    texts = [f"{count:,}" for count in counts]
    about = [f"{outcome.seconds:.0f}", str(outcome.seed), outcome.date, outcome.measured]
    return [outcome.promise, *texts, *about]


def _machine() -> str:
    system = f"{platform.system()} {platform.machine()}"
    return f"{system}, {os.cpu_count()} cores, Python {platform.python_version()}"


def _print(outcomes: Sequence[Outcome]) -> None:
    table = Table(*_COLUMNS, title=_machine())
    for outcome in outcomes:
        table.add_row(*_cells(outcome))
    Console().print(table)


def _write(outcomes: Sequence[Outcome]) -> None:
    lines = [
        f"Last run of each drill, on {_machine()}; clients, servers, workers and engines share them.",
        "",
    ]
    lines += [f"| {' | '.join(_COLUMNS)} |", f"|{'---|' * len(_COLUMNS)}"]
    lines += [f"| {' | '.join(_cells(outcome))} |" for outcome in outcomes]
    block = "\n".join(lines) + "\n"
    _PAGE.write_text(_MARKED.sub(lambda _: block, _PAGE.read_text()))


def main(arguments: Sequence[str]) -> int:
    """Runs the drills; what is given goes to pytest, so `--seed 7` repeats a run and `-k p1` chooses."""
    seed = ["--seed", str(random.randrange(_HIGHEST_SEED))]
    # A seed that is given comes later, and counts.
    command = [sys.executable, "-m", "pytest", "tests/faults", "-m", "drill", "-v", *seed, *arguments]
    print(" ".join(command[1:]), flush=True)  # noqa: T201 - says with which seed to repeat it
    code = subprocess.run(command, cwd=_ROOT, check=False).returncode
    outcomes = read_outcomes()
    _print(outcomes)
    if code == 0:
        _write(outcomes)
    return 1 if code else 0


sys.exit(main(sys.argv[1:]))
