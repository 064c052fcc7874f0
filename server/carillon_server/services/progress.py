"""How far a bounded piece of background work came."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Progress:
    """What one transaction did."""

    done: int
    """Notifications or records."""
    more: bool
    """More is likely to be waiting: go on at once."""


IDLE = Progress(0, more=False)
"""There was nothing to do, or another worker is doing it."""
