"""What goes wrong in a drill, and when: drawn from a seed, so that the same seed does the same again.

Blows are paced by what the clients were answered, not by the clock: "kill a server after 312 answers" means
the same on a fast machine and on a slow one, and strikes while calls are under way.
"""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from random import Random

from tests.eventually import eventually
from tests.faults.installation import Installation
from tests.faults.strikes import CUTS, FLUSHES, STRIKES

# Between two answers a whole Postgres may have to come back, on a machine with other things to do.
_STALL_SECONDS = 120


@dataclass(frozen=True)
class Blow:
    """What happens once so many answers have come."""

    answers: int
    strike: str


def schedule(seed: int, *, answers: int, blows: int, strikes: Sequence[str]) -> list[Blow]:
    """So many blows, spread over that many answers; each kind comes in turn, in an order of its own."""
    rng = Random(seed)
    moments = sorted(rng.sample(range(answers // 20, answers * 19 // 20), blows))
    rounds = -(-blows // len(strikes))
    kinds = [kind for _ in range(rounds) for kind in rng.sample(strikes, len(strikes))]
    return [Blow(moment, kind) for moment, kind in zip(moments, kinds, strict=False)]


class Nemesis:
    """Strikes an installation as its schedule says."""

    def __init__(
        self,
        installation: Installation,
        seed: int,
        blows: Sequence[Blow],
        tell: Callable[[str], None] = lambda _: None,
    ) -> None:
        """`tell` hears of each blow."""
        self._tell = tell
        self._installation = installation
        self._rng = Random(seed)
        self._blows = blows
        self.struck: Counter[str] = Counter()

    @property
    def kills(self) -> int:
        return self.struck.total() - self.cuts - self.flushes

    @property
    def cuts(self) -> int:
        """Of connections: of callers, or of the service to Postgres."""
        return sum(self.struck[strike] for strike in CUTS)

    @property
    def flushes(self) -> int:
        return sum(self.struck[strike] for strike in FLUSHES)

    async def rage(self, answered: Callable[[], int]) -> None:
        """All blows; `answered` says how many answers there are by now."""
        for blow in self._blows:
            await eventually(partial(_reached, answered, blow.answers), _STALL_SECONDS)
            await self.strike(blow.strike)
            self._tell(f"{blow.strike} after {blow.answers:,} answers")

    async def strike(self, name: str) -> None:
        """This one, now."""
        done = STRIKES[name](self._installation, self._rng)
        if inspect.isawaitable(done):
            await done
        self.struck[name] += 1


async def _reached(answered: Callable[[], int], answers: int) -> bool:
    return answered() >= answers
