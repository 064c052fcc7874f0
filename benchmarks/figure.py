"""One line of the table."""

from __future__ import annotations

from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Figure:
    """One line of the table."""

    name: str
    ours: float
    limit: float
    unit: str
    ratio: float
    target: str

    def as_json(self) -> dict[str, object]:
        return asdict(self)
