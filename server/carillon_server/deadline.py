"""When the caller of the call that is being worked on stops waiting; travels in a context variable.

Reads end with their call, which gRPC or a timer cancels. Transactions do not: they run in tasks of their own,
so that a caller who hangs up leaves no doubt behind, and have to be told.
"""

from __future__ import annotations

import asyncio
from contextvars import ContextVar

_deadline: ContextVar[float | None] = ContextVar("deadline", default=None)


def bind_deadline(deadline: float) -> None:
    """On the clock of the event loop; holds for this task and those it starts."""
    _deadline.set(deadline)


def bounded_seconds(seconds: float) -> float:
    """So long, or until the deadline if that is sooner; 0: it has passed."""
    deadline = _deadline.get()
    if deadline is None:
        return seconds
    return min(seconds, max(0.0, deadline - asyncio.get_running_loop().time()))
