"""What ordinary calls noticed of an attack; the last time of each is kept for the table of the attacks."""

from __future__ import annotations

import json
import os
import platform
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.fuzz.attacks.catalog import ATTACKS

_ROOT = Path(__file__).resolve().parents[2]
_RESULTS = _ROOT / ".carillon" / "fuzz" / "results.json"
_PAGE = _ROOT / "docs" / "explanation" / "hostile-clients.md"
_MARKED = re.compile(r"(?<=<!-- attacks: begin -->\n).*?(?=<!-- attacks: end -->)", re.DOTALL)
_HEAD = (
    "attack",
    "a second",
    "p99 alone, ms",
    "beside a neighbour",
    "beside the attack",
    "ratio",
    "failed",
    "by the inner address",
    "ratio",
    "failed",
    "server's processor",
    "MiB at most",
)


@dataclass(frozen=True)
class Outcome:
    """One line of the table."""

    attack: str
    per_second: float
    alone_ms: float
    neighbour_ms: float
    """Beside a program that takes as much of the processor as the attacker, and harms nobody."""
    beside_ms: float
    calls: int
    failed: int
    within_ms: float
    """By the inner address, while the outer one is attacked."""
    within_failed: int
    processor_share: float
    peak_mib: float

    def cells(self) -> list[str]:
        alone, neighbour, beside, within = (
            f"{figure:.1f}" for figure in (self.alone_ms, self.neighbour_ms, self.beside_ms, self.within_ms)
        )
        outer = (beside, self._ratio(self.beside_ms), f"{self.failed} of {self.calls:,}")
        inner = (within, self._ratio(self.within_ms), str(self.within_failed))
        cost = (f"{100 * self.processor_share:.0f} %", f"{self.peak_mib:.0f}")
        name, pace = self.attack.replace("_", " "), f"{self.per_second:,.0f}"
        return [name, pace, alone, neighbour, *outer, *inner, *cost]

    def _ratio(self, figure_ms: float) -> str:
        return f"{figure_ms / self.neighbour_ms:.1f}"


def keep(outcome: Outcome) -> None:
    """In place of the last one of the same attack."""
    kept = {each.attack: each for each in _read()} | {outcome.attack: outcome}
    _RESULTS.parent.mkdir(parents=True, exist_ok=True)
    ordered = [asdict(kept[name]) for name in ATTACKS if name in kept]
    _RESULTS.write_text(json.dumps(ordered, indent=2) + "\n")


def write_page(share: float) -> None:
    """The block of the page that tells of all attacks."""
    machine = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores"
    told = (
        f"Last run of each, on {machine}, Python {platform.python_version()}, shared by all that takes part; "
        f"attacker and neighbour have {100 * share:.0f} % of one core each."
    )
    block = "\n".join([told, "", *table(_read())]) + "\n"
    _PAGE.write_text(_MARKED.sub(lambda _: block, _PAGE.read_text()))


def table(outcomes: Sequence[Outcome]) -> list[str]:
    rows = [list(_HEAD), ["---"] * len(_HEAD), *(each.cells() for each in outcomes)]
    return [f"| {' | '.join(row)} |" for row in rows]


def _read() -> list[Outcome]:
    return [Outcome(**each) for each in json.loads(_RESULTS.read_text())] if _RESULTS.exists() else []
