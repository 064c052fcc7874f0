"""WHERE clauses that depend on what was asked."""

from __future__ import annotations


class Conditions:
    """Conditions put together from constants, with their arguments numbered as they come."""

    def __init__(self, *arguments: object) -> None:
        self.arguments: list[object] = list(arguments)
        self._conditions: list[str] = []

    def add(self, condition: str, *arguments: object) -> None:
        """`condition` has a `{}` for each argument."""
        numbers = []
        for argument in arguments:
            self.arguments.append(argument)
            numbers.append(f"${len(self.arguments)}")
        self._conditions.append(condition.format(*numbers))

    @property
    def sql(self) -> str:
        """To be put after a WHERE that has a condition already."""
        return "".join(f" AND {condition}" for condition in self._conditions)
