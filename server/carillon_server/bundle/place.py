"""Where in a folder something stands, and what is wrong there."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

MAX_PROBLEMS = 1_000
"""Of one catalog; more help nobody."""


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A line of a file."""

    file: str
    """As it was named by whoever asked: the folder's path and the rest."""
    line: int = 1
    text_line: int = field(default=0, compare=False)
    """For a text: the line that its first line stands on, which for a block is not that of its key."""

    def at_text_line(self, line: int) -> Place:
        """The place of a line of the text, counted from 1."""
        return replace(self, line=(self.text_line or self.line) + max(line, 1) - 1)

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing that is wrong."""

    place: Place
    message: str

    def __str__(self) -> str:
        return f"{self.place}: {self.message}"


class Notes:
    """What is found out while a folder is read: problems, and where each value of the bundle stands."""

    def __init__(self) -> None:
        self._problems: list[Problem] = []
        self.places: dict[str, Place] = {}
        """By path in the bundle: `templates[3].email.html`."""

    def add(self, place: Place, message: str) -> None:
        """Remembers a problem; beyond `MAX_PROBLEMS` it is dropped."""
        if len(self._problems) < MAX_PROBLEMS:
            self._problems.append(Problem(place, message))

    @property
    def count(self) -> int:
        """How many problems there are so far."""
        return len(self._problems)

    @property
    def problems(self) -> list[Problem]:
        """By file and line, each once."""
        return sorted(set(self._problems))

    def place_of(self, path: str) -> Place | None:
        """Where the value stands, or the nearest thing around it that stands somewhere."""
        while path:
            if path in self.places:
                return self.places[path]
            path = path[: max(path.rfind("."), path.rfind("["), 0)]
        return None
