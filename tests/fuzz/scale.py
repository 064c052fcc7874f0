"""How much is tried: little with all other tests, more where somebody has the time.

`FUZZ_TIMES=20 make test ARGS=tests/fuzz` tries twenty times as much, differently each time.
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, Phase
from hypothesis import settings as hypothesis_settings

TIMES = int(os.environ.get("FUZZ_TIMES", "1"))
LONG = TIMES > 1


def examples(number: int) -> hypothesis_settings:
    """So many in a short run, always the same ones; no shrinking, because the service remembers."""
    return hypothesis_settings(
        max_examples=number * TIMES,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.explicit, Phase.generate],
        derandomize=not LONG,
        database=None,
    )
