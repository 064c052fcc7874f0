"""Editors, by the JSON Schemas, and the loader say the same about a file."""

from __future__ import annotations

import json
from typing import Any

import jsonschema_rs
import pytest

from carillon_server.bundle.json_schemas import FILES
from carillon_server.bundle.place import Notes
from carillon_server.bundle.structure import json_value
from carillon_server.bundle.yaml_reader import read_yaml
from tests.bundle.broken import BROKEN, Broken
from tests.bundle.folders import GOOD
from tests.docs.pages import ROOT

# A schema cannot tell: these take a look at the folder, or at two values at once.
_BEYOND_SCHEMAS = {
    "a type twice",
    "a duration too long",
    "a duration too short",
    "a template of no type",
    "another ending",
    "far too deep",
}


def schema_of(file: str) -> Any:
    name = {"catalog.yaml": "catalog", "topics.yaml": "topics"}.get(file, file.partition("/")[0])
    return jsonschema_rs.validator_for(json.loads((ROOT / "catalogs/schema" / f"{name}.json").read_text()))


def read(text: str | bytes) -> tuple[Any, bool]:
    """What the file holds, and whether it is YAML as catalogs take it."""
    notes = Notes()
    node = read_yaml(text, "", notes) if isinstance(text, str) else None
    value = None if node is None else json_value(node, "", notes)
    return value, node is not None and not notes.problems


CASES = [
    pytest.param(case, id=name)
    for name, case in BROKEN.items()
    if name not in _BEYOND_SCHEMAS
    and case.file.endswith(".yaml")
    and len(case.content) < 10_000
    and read(case.content)[1]
]


def test_most_broken_files_are_seen_by_editors() -> None:
    assert len(CASES) > 25


@pytest.mark.parametrize("case", CASES)
def test_a_broken_file_breaks_its_schema(case: Broken) -> None:
    assert not schema_of(case.file).is_valid(read(case.content)[0])


@pytest.mark.parametrize("file", [name for name in GOOD if name.endswith(".yaml")])
def test_a_good_file_fits_its_schema(file: str) -> None:
    schema_of(file).validate(read(GOOD[file])[0])


@pytest.mark.parametrize("name", FILES)
def test_a_schema_is_one(name: str) -> None:
    jsonschema_rs.meta.validate(json.loads((ROOT / "catalogs/schema" / f"{name}.json").read_text()))
