"""What the READMEs of the catalogs say of their types is so."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from carillon_server.rendering.schema import SchemaCompiler
from tests.systems.catalogs import NAMES, ROOT, types_of

_CHANNELS = {
    "in-app": "IN_APP",
    "mail": "EMAIL",
    "push": "PUSH",
    "SMS": "SMS",
    "webhook": "WEBHOOK",
    "chat": "CHAT",
}
_PRIORITIES = ("low", "normal", "high", "urgent")
_SEND = re.compile(r"carillon send (\S+) --to user-a --data '(.+)'")
Row = tuple[dict[str, bool], str, bool]
"""Channels with their defaults, priority, whether it is mandatory."""


def read(name: str) -> str:
    return (ROOT / name / "README.md").read_text()


def rows_told(name: str) -> Iterator[tuple[str, Row]]:
    """The table of types: channels in bold are on."""
    for line in read(name).splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        known = [kind for kind in re.findall(r"`([^`]+)`", line) if kind in types_of(name)]
        channels = next((cell for cell in cells if cell.startswith("**in-app")), "")
        if known and channels:
            on = re.findall(r"[\w-]+", channels.partition("**")[2].partition("**")[0])
            offered = {_CHANNELS[word]: word in on for word in re.findall(r"[\w-]+", channels)}
            priority = next(cell for cell in cells if cell in _PRIORITIES)
            yield known[0], (offered, priority, "mandatory" in line)


def row_of(kind: dict[str, Any]) -> Row:
    offered = {each["channel"]: each["enabled"] for each in kind["channels"]}
    return offered, kind["priority"].lower(), kind.get("mandatory", False)


@pytest.mark.parametrize("name", NAMES)
def test_the_table_of_types_is_right(name: str) -> None:
    assert dict(rows_told(name)) == {kind: row_of(about) for kind, about in types_of(name).items()}


@pytest.mark.parametrize("name", NAMES)
def test_the_line_that_sends_fits_the_schema(name: str) -> None:
    line = _SEND.search(read(name))
    assert line is not None
    schema = types_of(name)[line[1]]["data_schema"]
    assert not SchemaCompiler()(schema).violations(json.loads(line[2]))
