"""What is wrong with a catalog's folder is told with file and line, all of it, and never raised."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from carillon_server.bundle.loader import load_catalog
from tests.bundle.broken import BROKEN, Broken
from tests.bundle.folders import GOOD, write_folder


@pytest.mark.parametrize("case", BROKEN.values(), ids=BROKEN)
def test_every_problem_has_its_line(case: Broken, tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "audit", {**GOOD, case.file: case.content})
    problems = load_catalog(folder).notes.problems
    for line, words in case.problems:
        assert any(
            problem.place.line == line
            and words in problem.message
            and Path(problem.place.file).parts[: len(folder.parts) + 1]
            == (folder / case.file).parts[: len(folder.parts) + 1]
            for problem in problems
        ), f"nothing on line {line} about {words!r}: {[str(problem) for problem in problems]}"


def test_problems_of_several_files_are_told_together(tmp_path: Path) -> None:
    files = {each.file: each.content for each in BROKEN.values()}
    problems = load_catalog(write_folder(tmp_path / "audit", {**GOOD, **files})).notes.problems
    assert {Path(problem.place.file).name for problem in problems} >= {
        "catalog.yaml",
        "more.yaml",
        "fr.yaml",
        "fr.email.md",
        "topics.yaml",
        "empty.html",
    }


def test_a_link_to_outside_is_not_followed(tmp_path: Path) -> None:
    secret = tmp_path / "secret.yaml"
    secret.write_text("types: []\n")
    folder = write_folder(tmp_path / "audit", GOOD)
    (folder / "types" / "link.yaml").symlink_to(secret)
    (folder / "layouts" / "up").symlink_to(tmp_path)
    messages = [str(problem) for problem in load_catalog(folder).notes.problems]
    assert len(messages) == 2
    assert all("leads outside" in message for message in messages)


def test_a_link_in_a_circle_ends(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "audit", GOOD)
    (folder / "types" / "again").symlink_to(folder / "types")
    assert any("deeper than" in problem.message for problem in load_catalog(folder).notes.problems)


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "audit", GOOD)
    os.mkfifo(folder / "types" / "pipe.yaml")
    [problem] = load_catalog(folder).notes.problems
    assert "no ordinary file" in problem.message


@pytest.mark.parametrize("name", ["nowhere", "with space", "audit"])
def test_a_folder_that_is_none_is_said_so(name: str, tmp_path: Path) -> None:
    folder = tmp_path / name
    if name != "nowhere":
        folder.mkdir()
    assert load_catalog(folder).notes.problems
