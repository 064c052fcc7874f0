"""Dataclasses for values that are made by the thousand.

A frozen dataclass sets its fields through `object.__setattr__`, which makes an object three times as dear.
These are frozen for the type checker, which sees the standard decorator here, and cost what a plain class
costs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dataclasses import dataclass
else:
    import dataclasses

    def dataclass(*, frozen, slots=False):
        """Compared and hashed by its fields, as the frozen one is."""
        return dataclasses.dataclass(slots=slots, unsafe_hash=frozen)


__all__ = ["dataclass"]
