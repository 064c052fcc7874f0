"""From what a service says of a bundle to the lines of the files that it was read from."""

from __future__ import annotations

import re
from collections.abc import Iterable

from carillon_server.bundle.loader import Loaded
from carillon_server.bundle.place import Place, Problem

_PREFIX = "bundle."
_LINE = re.compile(r"line (\d+): ?")


def locate(loaded: Loaded, violations: Iterable[tuple[str, str]]) -> list[Problem]:
    """Each violation, a path (`bundle.templates[3].email.html`) and what is wrong there, at its line. What
    begins with `line 2:` is on that line of the text at the path.
    """
    return [_locate(loaded, path.removeprefix(_PREFIX), description) for path, description in violations]


def _locate(loaded: Loaded, path: str, description: str) -> Problem:
    place = loaded.notes.place_of(path)
    if place is None:
        return Problem(Place(str(loaded.folder)), f"{path} {description}".strip())
    named = _LINE.match(description)
    if named and path in loaded.notes.places:
        return Problem(place.at_text_line(int(named[1])), f"{_last(path)}: {description[named.end() :]}")
    return Problem(place, f"{_last(path)} {description}")


def _last(path: str) -> str:
    """What a person calls it: the path without the place in the list."""
    return re.sub(r"^\w+\[\d+\]\.?", "", path) or path
