"""Places in data, as callers write them: `data.items[2].price`."""

from __future__ import annotations

from collections.abc import Sequence

_MAX_STEP_CHARACTERS = 100


def path_of(root: str, steps: Sequence[str | int]) -> str:
    """The root with the steps behind it; long names are cut."""
    path = root
    for step in steps:
        if isinstance(step, int):
            path += f"[{step}]"
        else:
            name = step[:_MAX_STEP_CHARACTERS]
            path += f".{name}" if path else name
    return path
