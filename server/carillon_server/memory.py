"""The garbage collector of a process that runs for long."""

from __future__ import annotations

import gc

_ALLOCATIONS_PER_COLLECTION = 10_000
# The event loop stands still meanwhile, and a live stream is eighty objects. So what has outlived one
# collection is looked at again soon, while it is little, and all of it next to never.
_YOUNG_COLLECTIONS = 2
_MIDDLE_COLLECTIONS = 200


def settle_memory() -> None:
    """What was made while starting stays for good: the garbage collector need not look at it again. Calls
    make hardly any cycles, so it looks seldom.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_ALLOCATIONS_PER_COLLECTION, _YOUNG_COLLECTIONS, _MIDDLE_COLLECTIONS)
