"""Types, templates and layouts by command."""

from __future__ import annotations

import json
import re
from html import unescape
from pathlib import Path

import pytest

from carillon.testing import FakeCarillon
from carillon.v1 import catalog_service_pb2 as pb
from carillon_server.cli.preview_page import build_page
from tests.cli.command import Run

TYPES = """
types:
  - name: scan.completed
    category: scans
    channels: {in_app: true, sms: false}
    time_to_live: 7d
    data_schema: {type: object, properties: {project: {type: string}}, required: [project]}
    sample_data: {project: Apollo}
  - name: scan.failed
"""
TEMPLATES = "in_app:\n  title: '{{ project }} is done'\nsms:\n  text: '{{ project }}!'\n"


@pytest.fixture
def filled(carillon: Run, tmp_path: Path) -> Run:
    """A service that has a type with two templates."""
    types = tmp_path / "scans.yaml"
    types.write_text(TYPES)
    assert carillon("types", "put", types).exit_code == 0
    assert carillon("templates", "put", _templates(tmp_path)).exit_code == 0
    return carillon


def _templates(directory: Path, text: str = TEMPLATES) -> Path:
    path = directory / "scan.completed" / "en.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    return path


def test_types_are_put_listed_shown_and_deleted(filled: Run) -> None:
    assert [line["name"] for line in filled("types", "list").lines] == ["scan.completed", "scan.failed"]
    shown = filled("types", "show", "scan.completed").document
    assert (shown["category"], shown["time_to_live"]) == ("scans", "604800s")
    assert filled("types", "delete", "scan.failed", "--yes").exit_code == 0
    assert [line["name"] for line in filled("types", "list").lines] == ["scan.completed"]
    assert filled("types", "show", "scan.failed").exit_code != 0


def test_a_file_with_problems_changes_nothing(carillon: Run, tmp_path: Path) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text("types:\n  - name: fine\n  - name: scan.completed\n    colour: red\n")
    finished = carillon("types", "put", path)
    assert finished.exit_code != 0
    assert finished.lines[0]["line"] == 4
    assert carillon("types", "list").lines == []


def test_versions_come_and_go(filled: Run, tmp_path: Path) -> None:
    changed = _templates(tmp_path, "sms:\n  text: '{{ project }} done'\n")
    assert filled("templates", "put", changed, "--inactive").document["version"] == "2"
    key = ("scan.completed", "sms", "en")
    assert filled("templates", "show", *key).document["version"] == "1"
    assert filled("templates", "activate", *key, 2).document["active"] is True
    listed = filled("templates", "list", "scan.completed", "--all-versions").lines
    assert [(each["channel"], each["version"]) for each in listed] == [
        ("CHANNEL_IN_APP", "1"),
        ("CHANNEL_SMS", "1"),
        ("CHANNEL_SMS", "2"),
    ]
    assert filled("templates", "delete", *key, "--yes").exit_code == 0
    assert len(filled("templates", "list").lines) == 1


def test_a_mail_is_put_from_a_file_of_its_own(filled: Run, tmp_path: Path) -> None:
    path = tmp_path / "scan.completed" / "de-CH.email.md"
    path.write_text("---\nsubject: '{{ project }}'\n---\nFertig.\n")
    put = filled("templates", "put", path).document
    assert (put["type"], put["locale"], put["email"]["markdown"]) == ("scan.completed", "de-CH", "Fertig.\n")


def test_layouts_are_put_listed_and_deleted(carillon: Run, tmp_path: Path) -> None:
    path = tmp_path / "frame.html"
    path.write_text("<p>{{ content }}</p>")
    assert carillon("layouts", "put", path).document["format"] == "LAYOUT_FORMAT_HTML"
    assert [line["name"] for line in carillon("layouts", "list").lines] == ["frame"]
    assert carillon("layouts", "delete", "frame", "--yes").exit_code == 0
    assert carillon("layouts", "list").lines == []


def test_a_preview_shows_every_channel_and_writes_a_page(filled: Run, tmp_path: Path) -> None:
    page = tmp_path / "preview.html"
    data = json.dumps({"project": "<script>alert(1)</script>"})
    shown = filled("templates", "preview", "scan.completed", "--data", data, "--page", page).document
    assert [each["channel"] for each in shown["renderings"]] == ["CHANNEL_IN_APP", "CHANNEL_SMS"]
    text = page.read_text()
    assert "<script" not in text
    assert page.stat().st_mode & 0o077 == 0


def test_a_page_runs_and_fetches_nothing() -> None:
    mail = {"subject": "Hi", "html": '<p>"<script>alert(1)</script><img src="https://example.com/x.png">'}
    response = pb.PreviewTemplateResponse(renderings=[pb.Rendering(channel=2, content={"email": mail})])  # type: ignore[arg-type]
    page = build_page("<script>", response)
    assert "<script" not in page
    policy = re.search('http-equiv="Content-Security-Policy" content="([^"]*)"', page)
    assert policy is not None
    assert "default-src 'none'" in unescape(policy[1])
    assert "script-src" not in unescape(policy[1])
    assert 'sandbox=""' in page
    assert page.index("Content-Security-Policy") < page.index("<iframe")


def test_a_test_is_sent(filled: Run, service: FakeCarillon) -> None:
    filled("recipients", "upsert", "ada")
    sent = filled("templates", "test", "scan.completed", "--to", "ada").document
    assert sent["notification_id"]
    assert service.sent[-1].labels["carillon.test"] == "true"


def test_settings_are_shown_and_changed(carillon: Run) -> None:
    assert carillon("catalog", "settings").document == {}
    changed = carillon("catalog", "settings", "--unknown-types", "refuse", "--default-locale", "de")
    assert changed.document == {"unknown_types": "UNKNOWN_TYPES_REFUSE", "default_locale": "de"}
    assert carillon("catalog", "settings", "--unknown-types", "default").document == {"default_locale": "de"}
    assert carillon("catalog", "settings", "--default-locale", "").document == {}
