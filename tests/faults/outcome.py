"""What came of a drill; the long ones are kept for the table in docs/reliability.md."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

RESULTS = Path(__file__).resolve().parents[2] / ".carillon" / "drill" / "results.json"


@dataclass(frozen=True)
class Outcome:
    """One line of the table."""

    promise: str
    sends: int
    kills: int
    cuts: int
    flushes: int
    lost: int
    doubled: int
    seconds: float
    seed: int
    date: str
    measured: str = ""
    """What else there is to say of the run; nothing depends on it."""

    @property
    def good(self) -> bool:
        return self.lost == self.doubled == 0


@dataclass
class Drill:
    """One drill under way."""

    seed: int
    kept: bool
    tell: Callable[[str], None]
    """How far it is."""
    _started: float = field(default_factory=time.monotonic)

    def finish(
        self,
        promise: str,
        *,
        sends: int,
        kills: int = 0,
        cuts: int = 0,
        flushes: int = 0,
        lost: int = 0,
        doubled: int = 0,
        measured: str = "",
    ) -> None:
        """Writes the outcome down; fails if anything was lost or doubled."""
        seconds = round(time.monotonic() - self._started, 1)
        date = datetime.now(UTC).date().isoformat()
        outcome = Outcome(
            promise, sends, kills, cuts, flushes, lost, doubled, seconds, self.seed, date, measured
        )
        if self.kept:
            _keep(outcome)
        assert outcome.good, f"again with --seed {self.seed}: {outcome}"


def read_outcomes() -> list[Outcome]:
    """The last one of each drill."""
    if not RESULTS.exists():
        return []
    return [Outcome(**each) for each in json.loads(RESULTS.read_text())]


def _keep(outcome: Outcome) -> None:
    others = [each for each in read_outcomes() if each.promise != outcome.promise]
    kept = [*others, outcome]
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    RESULTS.write_text(json.dumps([asdict(each) for each in kept], indent=2) + "\n")
