"""`carillon catalog`: from a folder to a tenant, and from one tenant to another."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.bundle.folders import GOOD, write_folder
from tests.cli.command import Run, run_command


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_folder(tmp_path / "audit", GOOD)


def contents(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def test_a_good_folder_validates_without_a_server(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    finished = run_command(capsys, "catalog", "validate", folder)
    assert (finished.exit_code, finished.stderr) == (0, "")
    assert "1 type, 5 templates" in finished.stdout


def test_a_folder_of_catalogs_stands_for_all_of_them(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_folder(folder.parent / "other", GOOD)
    (folder.parent / "schema").mkdir()
    (folder.parent / "README.md").write_text("# Catalogs")
    for names in ([folder.parent], sorted(folder.parent.iterdir())):
        finished = run_command(capsys, "catalog", "validate", *names)
        assert (finished.exit_code, finished.stderr) == (0, "")
        assert finished.stdout.count("1 type, 5 templates") == 2


def test_what_is_wrong_with_a_template_is_told_with_its_line(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mail = folder / "templates" / "scan.completed" / "en.email.md"
    mail.write_text(mail.read_text().replace("{{ project_name }}", "{{ projekt_name | shout }}"))
    finished = run_command(capsys, "catalog", "validate", folder)
    assert finished.exit_code == 1
    lines = finished.stdout.splitlines()
    assert lines
    assert all(line.startswith(f"{mail}:7: email.markdown:") for line in lines)
    assert any("projekt_name" in line for line in lines)


def test_a_name_that_is_none_is_answered_with_those_that_are(capsys: pytest.CaptureFixture[str]) -> None:
    finished = run_command(capsys, "catalog", "validate", "audti")
    assert finished.exit_code == 2
    assert "audit" in finished.stderr


def test_shipped_catalogs_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    finished = run_command(capsys, "catalog", "list", "--json")
    types = {line["name"]: len(line["types"]) for line in finished.lines}
    assert types == {"audit": 17, "chat": 4, "issues": 11, "jobs": 9, "mail": 7}


def test_a_folder_is_compared_applied_exported_and_found_the_same(carillon: Run, folder: Path) -> None:
    changes = carillon("catalog", "diff", folder, "--exit-code")
    assert changes.exit_code == 1
    assert len(changes.document["changes"]) == 10
    assert carillon("catalog", "apply", folder).document == changes.document
    assert carillon("catalog", "diff", folder, "--prune", "--exit-code").exit_code == 0
    first, second = folder.parent / "1" / "audit", folder.parent / "2" / "audit"
    for path in (first, second):
        path.parent.mkdir()
        assert carillon("catalog", "export", "audit", path).exit_code == 0
    assert contents(first) == contents(second)
    assert "changes" not in carillon("catalog", "apply", first, "--prune").document


def test_an_export_does_not_replace_what_it_is_not_told_to(carillon: Run, folder: Path) -> None:
    carillon("catalog", "apply", folder)
    stray = folder / "types" / "stray.yaml"
    stray.write_text("types: []\n")
    assert carillon("catalog", "export", "audit", folder).exit_code == 2
    assert stray.exists()
    assert carillon("catalog", "export", "audit", folder, "--force").exit_code == 0
    assert not stray.exists()
    assert (folder / "catalog.yaml").read_text() == GOOD["catalog.yaml"]


def test_what_another_catalog_brought_is_refused_at_its_line(carillon: Run, folder: Path) -> None:
    carillon("catalog", "apply", folder)
    other = folder.parent / "other"
    shutil.copytree(folder, other)
    kind = other / "types" / "all.yaml"
    kind.write_text(kind.read_text().replace("A scan ended well.", "Something else."))
    finished = carillon("catalog", "apply", other)
    assert [(line["file"], line["line"]) for line in finished.lines] == [(str(kind), 2)]
    assert "'audit'" in finished.lines[0]["message"]
