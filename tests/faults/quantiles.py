"""Figures for a row in docs/reliability.md."""

from __future__ import annotations

from collections.abc import Sequence


def milliseconds(seconds: Sequence[float], quantile: float) -> str:
    """Of at least one measurement."""
    ordered = sorted(seconds)
    return f"{1000 * ordered[min(len(ordered) - 1, int(quantile * len(ordered)))]:,.0f}"
