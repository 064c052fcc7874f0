"""A send whose type, or whose data, does not fit what the tenant has."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from carillon.testing import FakeCarillon
from carillon_server.cli.failure import ExitCode
from tests.cli.command import Run

TYPES = """
types:
  - name: scan.completed
    data_schema: {type: object, properties: {project: {type: string}}, required: [project]}
    sample_data: {project: Apollo}
  - name: friend_request
"""


@pytest.fixture
def service() -> Iterator[FakeCarillon]:
    with FakeCarillon(accept_unknown_types=False) as fake:
        yield fake


@pytest.fixture
def filled(carillon: Run, tmp_path: Path) -> Run:
    path = tmp_path / "types.yaml"
    path.write_text(TYPES)
    assert carillon("types", "put", path).exit_code == 0
    return carillon


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("scan.complete", "scan.completed"),
        ("SCAN_COMPLETED", "scan.completed"),
        ("friend.request", "friend_request"),
        ("FRIEND_REQUESTS", "friend_request"),
    ],
)
def test_a_type_that_is_not_there_names_the_close_ones(filled: Run, written: str, meant: str) -> None:
    finished = filled("send", written, "--to", "user-a", "--title", "x")
    assert (finished.exit_code, finished.stdout) == (ExitCode.REFUSED, "")
    assert f"Did you mean {meant}?" in finished.stderr
    assert "carillon types list" in finished.stderr


def test_where_nothing_is_close_nothing_is_guessed(filled: Run) -> None:
    finished = filled("send", "order.shipped", "--to", "user-a", "--title", "x")
    assert finished.exit_code == ExitCode.REFUSED
    assert "TYPE_NOT_FOUND" in finished.stderr
    assert "Did you mean" not in finished.stderr


def test_data_that_does_not_fit_leads_to_the_type(filled: Run) -> None:
    finished = filled("send", "scan.completed", "--to", "user-a", "--title", "x", "--data", "{}")
    assert finished.exit_code == ExitCode.REFUSED
    assert "carillon types show scan.completed" in finished.stderr
