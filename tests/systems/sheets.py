"""Templates of the catalogs as the renderer takes them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from hashlib import blake2b
from typing import Any

from carillon_server.domain.channel import Channel
from carillon_server.domain.layout import Layout, LayoutFormat
from carillon_server.domain.rendering import Sheet
from tests.systems.catalogs import bundle_of, channel_of


def sheets_of(name: str) -> Iterator[tuple[str, Sheet]]:
    """Each with its type."""
    layouts = {each["name"]: _layout(each) for each in bundle_of(name)["layouts"]}
    for template in bundle_of(name)["templates"]:
        channel = channel_of(template)
        content = template[channel]
        digest = blake2b(
            f"{template['type']} {template['locale']} {channel}".encode(), digest_size=16
        ).digest()
        layout = layouts.get(content.get("layout", ""))
        partials = () if layout is None else tuple(layouts.values())
        parts = dict(_parts(content))
        yield (
            template["type"],
            Sheet(digest, Channel[channel.upper()], template["locale"], parts, layout, partials),
        )


def _layout(layout: Mapping[str, str]) -> Layout:
    return Layout(layout["name"], LayoutFormat[layout["format"]], layout["source"])


def _parts(content: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for part, value in content.items():
        if part == "actions":
            for number, action in enumerate(value):
                yield from ((f"actions[{number}].{field}", text) for field, text in action.items())
        elif part == "data":
            yield from ((f"data.{key}", text) for key, text in value.items())
        elif part != "layout":
            yield part, value
