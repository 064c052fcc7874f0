"""An attacker who has so much of a processor and no more: what it takes itself is no harm of the server's."""

from __future__ import annotations

import time

_NAP_SECONDS = 0.05


class Pace:
    """Rests whenever more than the share was taken; 1 is a whole processor, and no rest."""

    def __init__(self, share: float) -> None:
        self._share = share
        self._begun = time.monotonic()
        self._taken = time.process_time()

    def keep(self) -> None:
        due = (time.process_time() - self._taken) / self._share
        ahead = due - (time.monotonic() - self._begun)
        if ahead > 0 and self._share < 1:
            time.sleep(min(ahead, _NAP_SECONDS))
