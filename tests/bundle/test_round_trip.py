"""What is written is read as the same."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from carillon_server.bundle.durations import format_duration, parse_duration
from carillon_server.bundle.loader import load_catalog
from carillon_server.bundle.place import Notes
from carillon_server.bundle.structure import json_value
from carillon_server.bundle.writer import UnwritableError, files_of
from carillon_server.bundle.yaml_reader import read_yaml
from carillon_server.bundle.yaml_writer import dump_yaml
from tests.bundle.folders import GOOD, write_folder

TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"], include_characters="\n\t"), max_size=60)
WORDS = ["no", "yes", "1e5", "0o17", "010", "1_000", "08:30", "2026-01-01", "~", "null", ".5", "+1", "="]
SHAPES = ["# x", " x", "x ", "- a", "a: b", "{{ x }}", "<<", "---\n"]
BLOCKS = ["\n", "\nx", "  x\ny", "x\n\n", "x\ny", "\tx\ny"]
TRICKY = st.sampled_from([*WORDS, *SHAPES, *BLOCKS])
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS
    | TRICKY,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS | TRICKY, inner, max_size=4),
    max_leaves=8,
)


@given(st.dictionaries(TEXTS | TRICKY, VALUES, max_size=5))
def test_any_json_survives_yaml(value: dict[str, Any]) -> None:
    notes = Notes()
    node = read_yaml(dump_yaml(value), "file", notes)
    assert node is not None
    assert json_value(node, "", notes) == value
    assert notes.problems == []


@given(st.dictionaries(TEXTS | TRICKY, VALUES, max_size=5))
def test_whole_numbers_stay_whole(value: dict[str, Any]) -> None:
    node = read_yaml(dump_yaml(value), "file", Notes())
    assert node is not None
    assert repr(json_value(node, "", Notes())) == repr(value)


@given(st.timedeltas(timedelta(microseconds=1), timedelta(days=99_999)))
def test_durations_survive(duration: timedelta) -> None:
    assert parse_duration(format_duration(duration)) == duration


def test_a_catalog_survives(tmp_path: Path) -> None:
    first = load_catalog(write_folder(tmp_path / "1" / "audit", GOOD))
    files = files_of(first.bundle)
    second = load_catalog(write_folder(tmp_path / "2" / "audit", files))
    assert [str(problem) for problem in second.notes.problems] == []
    assert second.bundle == first.bundle
    assert files_of(second.bundle) == files


@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=40, deadline=None)
@given(subject=TEXTS.filter(bool), text=TEXTS.filter(bool), body=(TEXTS | TRICKY).filter(str.strip))
def test_mails_survive(subject: str, text: str, body: str) -> None:
    template = {"type": "t", "locale": "en", "email": {"subject": subject, "text": text, "markdown": body}}
    bundle = {"name": "audit", "types": [{"name": "t"}], "templates": [template]}
    with TemporaryDirectory() as folder:
        loaded = load_catalog(write_folder(Path(folder) / "audit", files_of(bundle)))
    assert loaded.bundle["templates"] == [template]


@pytest.mark.parametrize("name", ["..", ".hidden"])
def test_no_name_leads_out_of_the_folder(name: str) -> None:
    with pytest.raises(UnwritableError):
        files_of({"name": "audit", "types": [{"name": name}]})


def test_names_that_are_one_on_some_machines_are_refused() -> None:
    with pytest.raises(UnwritableError):
        files_of({"name": "audit", "types": [{"name": "scan"}, {"name": "Scan"}]})
