"""`make drill`: the long drills, a table at the end, and the one in docs/reliability.md."""

from __future__ import annotations

import contextlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.faults.outcome import RESULTS, read_outcomes
from tests.faults.report import print_table, write_page

_ROOT = Path(__file__).resolve().parents[2]
_LOGS = RESULTS.parent / "logs"
_HIGHEST_SEED = 1_000_000


def main(arguments: Sequence[str]) -> int:
    """Runs the drills; what is given goes to pytest, so `--seed 7` repeats a run and `-k p1` chooses."""
    known = read_outcomes()
    with tempfile.TemporaryDirectory(prefix="carillon-drill-") as directory:
        code = _run(directory, arguments)
        if code:
            _keep_logs(Path(directory))
    outcomes = [each for each in read_outcomes() if each not in known]
    print_table(outcomes)
    if code == 0:
        write_page(outcomes)
    else:
        print(f"A drill failed. What its processes logged is in {_LOGS.relative_to(_ROOT)}.")  # noqa: T201
    return 1 if code else 0


def _run(directory: str, arguments: Sequence[str]) -> int:
    # A seed that is given comes later, and counts.
    seed = ["--seed", str(random.randrange(_HIGHEST_SEED))]
    shown = ["-m", "pytest", "tests/faults", "-m", "drill", "-v", *seed, *arguments]
    print(" ".join(shown), flush=True)  # noqa: T201 - says with which seed to repeat it
    process = subprocess.Popen([sys.executable, *shown, f"--basetemp={directory}/data"], cwd=_ROOT)
    signal.signal(signal.SIGTERM, lambda *_: process.send_signal(signal.SIGINT))
    while True:
        # Ctrl-C reaches the drills too, which stop what they started; this only waits for them.
        with contextlib.suppress(KeyboardInterrupt):
            return process.wait()


def _keep_logs(directory: Path) -> None:
    shutil.rmtree(_LOGS, ignore_errors=True)
    for log in directory.rglob("*.log"):
        target = _LOGS / log.relative_to(directory / "data")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(log, target)


sys.exit(main(sys.argv[1:]))
