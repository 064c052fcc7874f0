"""What no file can tell by itself: names given twice, and names of what is not there."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from difflib import get_close_matches
from typing import Any

from carillon_server.bundle.place import Notes, Place
from carillon_server.bundle.type_shape import CHANNELS

MAX_TEMPLATES = 10_000
MAX_LAYOUTS = 200
MAX_TYPES = 1_000


def check_whole(bundle: Mapping[str, Any], notes: Notes, *, all_types_read: bool = True) -> None:
    """Notes what is wrong with the bundle as a whole."""
    for noun, key, most in (
        ("types", _name, MAX_TYPES),
        ("templates", _template_key, MAX_TEMPLATES),
        ("layouts", _name, MAX_LAYOUTS),
        ("topics", _name, None),
    ):
        _check_distinct(bundle[noun], noun, key, notes)
        if most is not None and len(bundle[noun]) > most:
            notes.add(notes.places["name"], f"has {len(bundle[noun]):,} {noun}: {most:,} at most")
    types = {_name(kind) for kind in bundle["types"]}
    layouts = {layout["name"] for layout in bundle["layouts"]}
    for index, template in enumerate(bundle["templates"]):
        path = f"templates[{index}]"
        if all_types_read:
            _check_known("type", template["type"], types, notes.places[path], notes)
        layout = template.get("email", {}).get("layout")
        if layout:
            _check_known("layout", layout, layouts, notes.places[f"{path}.email.layout"], notes)


def channel_of(template: Mapping[str, Any]) -> str:
    """Which of the channels a template is for."""
    return next(channel for channel in CHANNELS if channel in template)


def _name(thing: Mapping[str, Any]) -> str:
    return str(thing.get("name", ""))


def _template_key(template: Mapping[str, Any]) -> str:
    return f"{template['type']} {channel_of(template)} {template['locale']}"


def _check_distinct(
    things: Iterable[Mapping[str, Any]], noun: str, key: Callable[[Mapping[str, Any]], str], notes: Notes
) -> None:
    seen: dict[str, Place] = {}
    for index, thing in enumerate(things):
        place = notes.places[f"{noun}[{index}]"]
        first = seen.setdefault(key(thing), place)
        if first is not place and key(thing):
            notes.add(place, f"the {noun.removesuffix('s')} {key(thing)} is given twice, first at {first}")


def _check_known(noun: str, name: str, known: Collection[str], place: Place, notes: Notes) -> None:
    if name in known:
        return
    near = get_close_matches(name, known, n=1)
    notes.add(place, f"this catalog has no {noun} {name!r}" + (f": is {near[0]!r} meant?" if near else ""))
