"""A mail as a file of its own: YAML between two lines of `---`, then the body."""

from __future__ import annotations

from typing import Any

from carillon_server.bundle.folder import CatalogFile
from carillon_server.bundle.place import Notes, Place
from carillon_server.bundle.template_shape import BODY_PARTS, FRONT_MATTER
from carillon_server.bundle.yaml_reader import read_yaml

FENCE = "---"


def read_mail(file: CatalogFile, path: str, notes: Notes) -> dict[str, Any] | None:
    """The `email` of a template; `path` is its own in the bundle."""
    notes.places[path] = Place(file.shown)
    lines = file.text.split("\n")
    if lines[0].rstrip() != FENCE:
        notes.add(Place(file.shown), "must begin with a line of ---, then subject and so on, then --- again")
        return None
    end = next((number for number, line in enumerate(lines) if number and line.rstrip() == FENCE), None)
    if end is None:
        notes.add(Place(file.shown), "has no second line of ---, after which the body begins")
        return None
    node = read_yaml("\n".join(lines[1:end]) + "\n", file.shown, notes, first_line=2)
    if node is None:
        notes.add(Place(file.shown), "subject is missing")
        return None
    email = FRONT_MATTER.read(node, path, notes)
    return (
        None
        if email is None
        else _with_body(email, lines[end + 1 :], Place(file.shown, end + 2), path, notes)
    )


def _with_body(
    email: dict[str, Any], lines: list[str], place: Place, path: str, notes: Notes
) -> dict[str, Any]:
    part = BODY_PARTS[place.file.rpartition(".")[2]]
    body = "\n".join(lines)
    if not body.strip():
        notes.add(place, "the body is empty")
    notes.places[f"{path}.{part}"] = place
    return {**email, part: body}
